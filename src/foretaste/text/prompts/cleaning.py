"""Values of a catalogue as clean one-line texts, in polars expressions: a column at a time, never a row."""

from __future__ import annotations

import html
import re

import polars as pl

TAGS = (
    r"(?i)</?(?:a|b|br|center|div|em|font|h[1-6]|hr|i|img|li|ol|p|script|small|span|strong|style|sub|sup|table|tbody"
    r"|td|th|tr|u|ul)(?:\s[^<>]*)?/?>"
)
INVISIBLE = "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]"
JUNK = r"[\p{Cc}\x{FFFD}\x{FFFE}\x{FFFF}\s]+"
WORD_CUT = 24
"""A value is cut between words when one ends so few characters before the cap, and inside a word otherwise."""


def value_texts(
    values: pl.Series, *, list_joiner: str, joiner: str, missing: tuple[str, ...], max_chars: int
) -> pl.Series:
    """A column as texts, null where there is nothing to tell.

    Line breaks, control characters, invisible characters, broken encodings, HTML tags and entities are cleaned away;
    the joiner of clauses becomes a full stop inside a value; lists are joined without repeats; numbers lose digits
    beyond the second decimal; long values are cut between words.

    Args:
        values: Any column that :func:`tellable` accepts, ``(V,)``.
        list_joiner: Stands between the entries of a list.
        joiner: Stands between two clauses.
        missing: Values in lower case that count as none.
        max_chars: Characters to keep.
    """
    texts = _joined(values, list_joiner, joiner, missing) if is_list(values.dtype) else clean(_plain(values), joiner)
    frame = texts.alias("text").to_frame()
    text = pl.col("text")
    told = text.str.contains(r"[\p{L}\p{N}]") & ~text.str.to_lowercase().is_in(list(missing))
    return frame.select(pl.when(told).then(cut(text, max_chars))).to_series()


def is_list(dtype: pl.DataType) -> bool:
    """Whether a column holds lists."""
    return isinstance(dtype, pl.List | pl.Array)


def tellable(dtype: pl.DataType) -> bool:
    """Whether values of this type can be told: texts, numbers, dates, and lists of texts."""
    if is_list(dtype):
        return dtype.inner in TEXTS  # type: ignore[attr-defined]
    return dtype in (*TEXTS, pl.Date, pl.Datetime, pl.Boolean) or dtype.is_numeric()


TEXTS = (pl.String, pl.Categorical, pl.Enum, pl.Null)


def clean(texts: pl.Series, joiner: str = "; ") -> pl.Series:
    """Texts on one line, with neither markup nor junk."""
    frame = _unescaped(texts).alias("text").to_frame()
    text = pl.col("text").str.replace_all(TAGS, " ").str.replace_all(INVISIBLE, "").str.replace_all(JUNK, " ")
    mark = joiner.strip()
    if mark and mark != ",":  # a comma in a value is no ambiguity worth a changed text
        escaped = re.escape(mark)
        text = text.str.replace_all(rf"([.!?,:])\s*{escaped}", "$1").str.replace_all(rf"\s*{escaped}", ".")
    return frame.select(text.str.strip_chars()).to_series()


def cut(text: pl.Expr, max_chars: int) -> pl.Expr:
    """The texts' first ``max_chars`` characters, without a broken last word."""
    short = text.str.slice(0, max_chars + 1).str.replace(rf"\s\S{{0,{WORD_CUT}}}$", "").str.slice(0, max_chars)
    return pl.when(text.str.len_chars() > max_chars).then(short.str.strip_chars_end(" ,;:-–(&/")).otherwise(text)


def _unescaped(texts: pl.Series) -> pl.Series:
    """HTML entities as the characters they stand for; catalogues escape some of them twice."""
    rows = texts.str.contains(r"&#?\w{2,8};").fill_null(False)
    if not rows.any():
        return texts
    mended = [html.unescape(html.unescape(text)) for text in texts.filter(rows)]
    return texts.scatter(rows.arg_true(), mended)


def _plain(values: pl.Series) -> pl.Series:
    if values.dtype.is_float():
        finite = values.to_frame().select(pl.when(pl.first().is_finite()).then(pl.first().round(2))).to_series()
        return finite.cast(pl.Float64).round(2).cast(pl.String).str.replace(r"\.0$", "")
    if values.dtype == pl.Datetime:
        values = values.dt.date()
    return values.cast(pl.String)


def _joined(values: pl.Series, list_joiner: str, joiner: str, missing: tuple[str, ...]) -> pl.Series:
    rows = pl.Series("row", range(len(values)), dtype=pl.UInt32)
    long = pl.DataFrame({"row": rows, "text": values.cast(pl.List(pl.String))}).explode("text").drop_nulls()
    long = long.with_columns(clean(long["text"], joiner).alias("text"))
    told = pl.col("text").str.contains(r"[\p{L}\p{N}]") & ~pl.col("text").str.to_lowercase().is_in(list(missing))
    rows_told = long.filter(told).unique(maintain_order=True)
    joined = rows_told.group_by("row", maintain_order=True).agg(pl.col("text").str.join(list_joiner))
    return rows.to_frame().join(joined, on="row", how="left", maintain_order="left")["text"]
