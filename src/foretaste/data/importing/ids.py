"""Ids as text: exactly what the source holds, without the blanks around it.

``007`` stays ``007``, the integer 7 becomes ``7``, and so does a float 7.0, because a gap in a column of integers makes
floats of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

CONTROL = "[\x00-\x1f\x7f]"
GAPS = ("nan", "NaN", "null", "NULL", "None", "NA", "<NA>", "undefined")
"""What other tools write for a missing value; as ids they are kept, and pointed out."""


@dataclass(frozen=True)
class Ids:
    """A column of ids.

    Attributes:
        text: The ids, null where there is none.
        odd: Which values are no ids at all (lists, truth values, control characters), ``(n,)``.
        trimmed: How many had blanks around them.
    """

    text: pl.Series
    odd: NDArray[np.bool_]
    trimmed: int


def clean_ids(column: pl.Series, odd: NDArray[np.bool_] | None = None) -> Ids:
    """Ids from a column of any type; ``odd`` marks values already known to be none."""
    text = _as_text(column)
    strange = np.zeros(len(column), dtype=bool) if odd is None else odd
    if text is None:
        return Ids(pl.Series(column.name, [""] * len(column)), column.is_not_null().to_numpy(), 0)
    bare = text.str.strip_chars()
    trimmed = int((bare != text).sum())
    blank = bare == ""
    if blank.any():
        bare = bare.set(blank, None)
    control = bare.str.contains(CONTROL).fill_null(False)
    if control.any():
        strange = strange | control.to_numpy()
    return Ids(bare, strange, trimmed)


def _as_text(column: pl.Series) -> pl.Series | None:
    """None for types that cannot be ids."""
    dtype = column.dtype
    if dtype == pl.String:
        return column
    if dtype.is_float():
        values = column.set(column.is_nan().fill_null(False), None)
        whole = values.cast(pl.Int64, strict=False)
        exact = whole.cast(dtype).eq_missing(values)
        both = pl.DataFrame({"whole": whole.cast(pl.String), "text": values.cast(pl.String), "exact": exact})
        return both.select(pl.when("exact").then("whole").otherwise("text")).to_series().alias(column.name)
    if dtype.is_integer() or dtype.is_decimal() or dtype.is_temporal() or dtype in (pl.Categorical, pl.Enum, pl.Null):
        return column.cast(pl.String)
    if dtype == pl.Binary:
        return column.cast(pl.String, strict=False)
    return None


def looks_like_gap(ids: pl.Series) -> dict[str, int]:
    """How often an id (of an Enum column) is what other tools write for a missing value."""
    known: pl.Series = ids.dtype.categories  # type: ignore[attr-defined]
    return {text: int((ids == text).sum()) for text in known.filter(known.is_in(GAPS))}
