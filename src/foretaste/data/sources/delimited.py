"""Large tables of short fields (ratings), read in blocks; a block is split by hand only where it has a bad line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from foretaste.data.sources.fields import EARLIEST, LATEST
from foretaste.data.sources.records import LONGEST
from foretaste.data.sources.rejects import Rejects

BLOCK = 16 << 20
RATINGS = ("user_id", "item_id", "timestamp", "rating")
UNCLEAN = (b'"', b" ", b"\r")
"""Bytes that a careful reading takes off the ends of fields."""


@dataclass(frozen=True)
class Layout:
    """How a table of ratings is written.

    Attributes:
        columns: Its fields in order; must name ``user_id``, ``item_id``, ``rating`` and ``timestamp``.
        separator: What stands between them.
        header: Whether the first line names the columns.
        per_second: Units of ``timestamp`` in a second.
    """

    columns: tuple[str, ...]
    separator: str = ","
    header: bool = False
    per_second: int = 1

    @property
    def span(self) -> tuple[int, int]:
        """The first time that is accepted, and the first that is too late."""
        return EARLIEST * self.per_second, LATEST * self.per_second


def read_ratings(stream: BinaryIO, file: str, layout: Layout, rejects: Rejects) -> Iterator[pl.DataFrame]:
    """Tables with ``user_id``, ``item_id``, ``timestamp`` (in the file's own unit) and ``rating``.

    Args:
        stream: Unpacked bytes.
        file: The file's name, for what is refused.
        layout: How it is written.
        rejects: Receives what is refused.
    """
    before, number = len(rejects), 0
    if layout.header:
        stream.readline(LONGEST)
        number = 1
    while block := stream.read(BLOCK):
        block += stream.readline(LONGEST)
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        clean = _clean(block, lines, layout)
        yield (
            clean
            if clean is not None
            else _checked(_split(block, lines, number, file, layout, rejects), file, layout, rejects)
        )
        number += lines
        rejects.check(file, number, before)


def _clean(block: bytes, lines: int, layout: Layout) -> pl.DataFrame | None:
    """The table of a block in which every line is good, parsed straight into its types; None for any other block."""
    if any(mark in block for mark in UNCLEAN):
        return None
    try:
        table = _parse(block, layout, {"rating": pl.Float32(), "timestamp": pl.Int64()})
    except pl.exceptions.PolarsError:
        return None
    if table.height != lines or any(column.null_count() for column in table):
        return None
    earliest, latest = layout.span
    in_time = table["timestamp"].is_between(earliest, latest, closed="left").all()
    return table.select(*RATINGS) if in_time and table["rating"].is_finite().all() else None


def _split(block: bytes, lines: int, number: int, file: str, layout: Layout, rejects: Rejects) -> pl.DataFrame:
    """The fields as text, with the column ``line``."""
    blank = block.startswith((b"\n", b"\r")) or b"\n\n" in block or b"\n\r" in block
    try:
        table = None if blank else _parse(block, layout, {})
    except pl.exceptions.PolarsError:
        table = None
    if table is not None and table.height == lines:
        return table.with_columns(pl.Series("line", range(number + 1, number + 1 + lines), dtype=pl.Int64))
    return _split_by_hand(block, number, file, layout, rejects)


def _parse(block: bytes, layout: Layout, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    separator = layout.separator
    if len(separator) > 1:
        block, separator = block.replace(separator.encode(), b"\t"), "\t"
    return pl.read_csv(
        block,
        has_header=False,
        separator=separator,
        quote_char=None,
        schema={name: types.get(name, pl.String()) for name in layout.columns},
        raise_if_empty=False,
    )


def _split_by_hand(block: bytes, number: int, file: str, layout: Layout, rejects: Rejects) -> pl.DataFrame:
    rows: list[tuple[object, ...]] = []
    for place, line in enumerate(block.rstrip(b"\n").split(b"\n"), number + 1):
        try:
            fields = line.rstrip(b"\r").decode("utf-8").split(layout.separator)
        except UnicodeDecodeError:
            rejects.add(file, place, "broken encoding", line)
            continue
        if len(fields) == len(layout.columns):
            rows.append((*fields, place))
        elif fields != [""]:
            rejects.add(file, place, f"{len(fields)} fields where {len(layout.columns)} belong", line)
    schema = {**dict.fromkeys(layout.columns, pl.String), "line": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _checked(table: pl.DataFrame, file: str, layout: Layout, rejects: Rejects) -> pl.DataFrame:
    """The good rows with their types; the others are refused."""
    clean = table.with_columns(pl.col(pl.String).str.strip_chars_end("\r").str.strip_chars(' "'))
    typed = clean.with_columns(
        pl.col("rating").cast(pl.Float32, strict=False).alias("_rating"),
        pl.col("timestamp").cast(pl.Int64, strict=False).alias("_time"),
    )
    earliest, latest = layout.span
    reason = (
        pl.when(pl.col("user_id").fill_null("") == "")
        .then(pl.lit("no user id"))
        .when(pl.col("item_id").fill_null("") == "")
        .then(pl.lit("no item id"))
        .when(pl.col("_rating").is_null())
        .then(pl.lit("rating is not a number"))
        .when(~pl.col("_rating").is_finite())
        .then(pl.lit("rating is not a finite number"))
        .when(pl.col("_time").is_null())
        .then(pl.lit("time is not a number"))
        .when(~pl.col("_time").is_between(earliest, latest, closed="left"))
        .then(pl.lit("time outside 1990-2100"))
    )
    judged = typed.with_columns(reason.alias("_reason"))
    bad = judged.filter(pl.col("_reason").is_not_null())
    content = pl.concat_str([pl.col(c).fill_null("") for c in layout.columns], separator=layout.separator)
    for line, why, what in bad.select("line", "_reason", content.alias("content")).iter_rows():
        rejects.add(file, line, why, what)
    good = judged.filter(pl.col("_reason").is_null()) if bad.height else judged
    return good.select("user_id", "item_id", pl.col("_time").alias("timestamp"), pl.col("_rating").alias("rating"))
