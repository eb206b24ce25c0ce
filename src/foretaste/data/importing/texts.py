"""Any column as text: polars casts what it can, Python writes out the rest (lists, objects, bytes, durations)."""

from __future__ import annotations

import polars as pl

from foretaste.data.importing.python_rows import value_text


def to_text(column: pl.Series) -> pl.Series:
    """The column as text; gaps stay gaps, broken bytes are escaped."""
    dtype = column.dtype
    if dtype == pl.String:
        return column
    if dtype.is_numeric() or dtype in (pl.Boolean, pl.Null, pl.Date, pl.Datetime, pl.Time, pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    return pl.Series(column.name, [value_text(value)[0] for value in column.to_list()], dtype=pl.String)
