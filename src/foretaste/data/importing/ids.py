"""Ids as text: exactly what the source holds, without the blanks around it.

``007`` stays ``007``, the integer 7 becomes ``7``, and so does a float 7.0, because a gap in a column of integers makes
floats of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.importing.python_rows import Kinds

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
    if text is None:  # no type for an id, or bytes that are no text: judge value by value
        text, known = Kinds().column(column.name, [_decoded(value) for value in column.to_list()])
        strange = np.zeros(len(column), dtype=bool) if known is None else known
    else:
        strange = np.zeros(len(column), dtype=bool) if odd is None else odd
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
    """None for types that are no ids by themselves."""
    dtype = column.dtype
    if dtype == pl.String:
        return column
    if dtype.is_float():
        values = column.set(column.is_nan().fill_null(False), None)
        whole = values.cast(pl.Int64, strict=False)
        exact = whole.cast(dtype).eq_missing(values)
        both = pl.DataFrame({"whole": whole.cast(pl.String), "text": values.cast(pl.String), "exact": exact})
        return both.select(pl.when("exact").then("whole").otherwise("text")).to_series().alias(column.name)
    whole_types = (pl.Date, pl.Datetime, pl.Time, pl.Categorical, pl.Enum, pl.Null)
    return column.cast(pl.String) if dtype.is_integer() or dtype.is_decimal() or dtype in whole_types else None


def _decoded(value: Any) -> Any:
    """Bytes as text where they are text; what else is no id (a duration, say) as the list that marks it as odd."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return value if value is None or isinstance(value, bool | list | dict) else [str(value)]


def looks_like_gap(ids: pl.Series) -> dict[str, int]:
    """How often an id is what other tools write for a missing value."""
    known = ids.unique().cast(pl.String)
    return {text: int((ids == text).sum()) for text in known.filter(known.is_in(GAPS)).sort()}
