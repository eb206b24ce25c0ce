"""Which columns of a catalogue are worth telling: a judgement on each, with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from foretaste.core.errors import DataError
from foretaste.text.prompts.cleaning import is_list, tellable
from foretaste.text.prompts.excluded import EXCLUDED, excluding_pattern, reason
from foretaste.text.prompts.spec import Field, PromptSpec, label_of

FIRST = ("title", "name", "brand", "categories", "category", "price")
"""Told first, in this order, and never judged by what other columns say."""

LAST = ("features", "description")
"""Told last, where caps cut, with all other long texts."""

TITLE_CHARS, LONG_CHARS, SHORT_CHARS = 200, 300, 100
LONG_WORDS = 12.0
"""A column of so many words a value, on average, is a long text."""

SAMPLE = 500
"""Values that a judgement on a column's words looks at."""

REPEATED = 0.85
"""A column is redundant when this share of its words stands in the other columns of the same item."""

CODED = 0.9
"""A column is useless when this share of its values are addresses or codes."""


@dataclass(frozen=True)
class ColumnUse:
    """The judgement on one column.

    Attributes:
        column: Its name.
        used: Whether a default prompt tells it.
        reason: Why not, or what it is told as.
    """

    column: str
    used: bool
    reason: str


def default_spec(catalogue: pl.DataFrame) -> PromptSpec:
    """A specification for any catalogue: title, brand, categories, price, other attributes, then long texts.

    Where the title is all that there is, it is given in chunks, so that attribute dropout can make two views of it.

    Raises:
        DataError: If no column can be told.
    """
    told = [use.column for use in judge_columns(catalogue) if use.used]
    if not told:
        raise DataError(
            "the catalogue has no column that could be told to a language model",
            where="columns: " + ", ".join(catalogue.columns),
            allowed="a title, a description or any other attribute of the items",
            mend="import a catalogue with texts, or use a recipe that learns from interactions alone",
        )
    if len(told) == 1 and told[0] in ("title", "name"):
        alone = Field(told[0], label="", max_chars=TITLE_CHARS, chunks="words")
        return PromptSpec(instruction="The item has the following title:", joiner=", ", fields=(alone,))
    fields = [Field(column, label_of(column), _cap(catalogue[column])) for column in told]
    return PromptSpec(fields=tuple(fields))


def judge_columns(catalogue: pl.DataFrame) -> list[ColumnUse]:
    """What a default prompt does with each column: those used in the order of the clauses, then the others."""
    verdicts: dict[str, str] = {}
    used: list[str] = []
    for column in _in_order(catalogue):
        verdicts[column] = _against(catalogue, column, used)
        if not verdicts[column]:
            used.append(column)
    used.sort(key=lambda column: (column in LAST or _long(catalogue[column])) and column not in FIRST)
    rest = [column for column in catalogue.columns if column not in used]
    kinds = [ColumnUse(column, True, _kind(catalogue[column])) for column in used]
    return kinds + [ColumnUse(column, False, verdicts[column]) for column in rest]


def _in_order(catalogue: pl.DataFrame) -> list[str]:
    known = [column for column in (*FIRST, *LAST) if column in catalogue.columns]
    return known + [column for column in catalogue.columns if column not in known]


def _against(catalogue: pl.DataFrame, column: str, used: list[str]) -> str:
    """What speaks against a column; empty when nothing does."""
    values = catalogue[column]
    if values.null_count() == len(values):
        return "empty for every item"
    if pattern := excluding_pattern(column, EXCLUDED):
        return reason(pattern)
    if values.dtype == pl.Boolean:
        return "a flag, yes or no"
    if not tellable(values.dtype):
        return f"values of a type that cannot be told: {values.dtype}"
    return _against_values(catalogue, column, used)


def _against_values(catalogue: pl.DataFrame, column: str, used: list[str]) -> str:
    texts = _sample(catalogue[column])
    if not len(texts):
        return "empty for every item"
    if column != "title" and len(catalogue) > 1 and not catalogue[column].null_count() and _constant(catalogue[column]):
        return "the same for every item"
    if texts.str.contains(r"^(https?:|www\.|/)\S*$|^<\S+>").mean() >= CODED:  # type: ignore[operator]
        return "addresses or codes"
    coded = texts.str.contains(r"^\S*\d\S*$").mean() >= CODED  # type: ignore[operator]
    if coded and catalogue[column].dtype == pl.String and texts.n_unique() >= CODED * len(texts):
        return "codes, another for every item"
    if column not in (*FIRST, *LAST) and not catalogue[column].dtype.is_numeric() and _repeats(catalogue, column, used):
        return "repeats what the other columns say"
    return ""


def _sample(values: pl.Series) -> pl.Series:
    """At most :data:`SAMPLE` values that are there, from all over the column, as texts."""
    texts = _as_text(values).drop_nulls()
    texts = texts.filter(texts.str.contains(r"\S"))
    return texts.gather_every(max(1, len(texts) // SAMPLE))


def _as_text(values: pl.Series) -> pl.Series:
    if is_list(values.dtype):
        return values.cast(pl.List(pl.String)).list.join(" ", ignore_nulls=True)
    return values.cast(pl.String)


def _constant(values: pl.Series) -> bool:
    return _as_text(values).n_unique() == 1


def _repeats(catalogue: pl.DataFrame, column: str, used: list[str]) -> bool:
    """Whether nearly all words of the column, item by item, stand in the used columns too."""
    rows = catalogue.filter(pl.col(column).is_not_null())
    rows = rows.gather_every(max(1, len(rows) // SAMPLE))
    others = [_as_text(rows[name]).fill_null("").to_list() for name in used]
    known = [_words(" ".join(texts)) for texts in zip(*others, strict=True)] if others else [set()] * len(rows)
    found = [_words(text or "") for text in _as_text(rows[column])]
    total = sum(map(len, found))
    return total > 0 and sum(len(own & known) for own, known in zip(found, known, strict=True)) >= REPEATED * total


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _long(values: pl.Series) -> bool:
    texts = _sample(values)
    mean = texts.str.count_matches(r"\S+").mean()
    return isinstance(mean, float) and mean >= LONG_WORDS and not is_list(values.dtype)


def _cap(values: pl.Series) -> int:
    if values.name in ("title", "name"):
        return TITLE_CHARS
    return LONG_CHARS if values.name in LAST or _long(values) else SHORT_CHARS


def _kind(values: pl.Series) -> str:
    if is_list(values.dtype):
        return "list of texts"
    if values.dtype.is_numeric():
        return "number"
    return "long text" if _long(values) else "text"
