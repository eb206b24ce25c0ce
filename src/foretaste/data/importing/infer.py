"""The type that a column of text shows: whole numbers, numbers, truth values, or text."""

from __future__ import annotations

import polars as pl

PADDED = r"^[+-]?0\d|^\+"
"""A leading zero or a plus sign would be lost in a number: such columns stay text."""

WHOLE = r"^-?\d+$"
TRUTH = ("true", "false", "True", "False", "TRUE", "FALSE")


def infer_text(column: pl.Series) -> pl.Series:
    """The column as Int64, Float64 or Boolean when every value is one and no digit would be lost, else as it is.

    Empty text counts as missing.

    >>> infer_text(pl.Series(["1", "", "20"])).to_list(), infer_text(pl.Series(["1", "007"])).to_list()
    ([1, None, 20], ['1', '007'])
    """
    if column.dtype != pl.String:
        return column
    column = column.set(column == "", None) if bool((column == "").any()) else column
    present = column.drop_nulls()
    if not len(present):
        return column
    for probe in (present.head(1000), present):
        if not _numeric(probe) and not bool(probe.is_in(TRUTH).all()):
            return column
    if bool(present.is_in(TRUTH).all()):
        return column.str.to_lowercase() == "true"
    whole = column.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == column.null_count() else column.cast(pl.Float64)


def _numeric(values: pl.Series) -> bool:
    if values.cast(pl.Float64, strict=False).null_count() or bool(values.str.contains(PADDED).any()):
        return False
    whole = values.filter(values.str.contains(WHOLE))
    return not whole.cast(pl.Int64, strict=False).null_count()  # more digits than 64 bits hold: an id, not a count
