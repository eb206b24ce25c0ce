"""Times of any common notation as microseconds since 1970 (UTC), by one rule for a whole column.

The rule is taken from the first rows: numbers are seconds below 10^11, milliseconds below 10^14, microseconds below
10^17 and nanoseconds above, judged by their median; numbers of eight digits that are all dates are ``YYYYMMDD``; a
median below 10^6 is an order and no time. Text is ISO 8601 (a date is its midnight, a time without a zone is UTC) or
Amazon's ``09 13, 2014``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.importing.texts import to_text

SECOND = 1_000_000
SCALES = {"s": SECOND, "ms": 1000, "us": 1}
UNPARSABLE, BEFORE, FUTURE = "unparsable time", "time before 1970", "time in the future"
DAY = 86_400

TEXTS = (
    ("%Y-%m-%d %H:%M:%S%.f", False),
    ("%Y-%m-%d %H:%M:%S%.f%#z", True),
    ("%Y-%m-%d", False),
    ("%Y-%m-%d %H:%M", False),
    ("%Y-%m-%d %H:%M%#z", True),
    ("%m %d, %Y", False),
)
"""Notations that are tried in this order, and whether they name a zone; a blank stands between date and hour."""


@dataclass(frozen=True)
class Times:
    """Some parsed times.

    Attributes:
        micros: Microseconds since 1970 (or the plain order), ``(n,)``; 0 where refused or missing.
        missing: Which are empty, ``(n,)``.
        refused: Reason → which are refused for it, ``(n,)``.
    """

    micros: NDArray[np.int64]
    missing: NDArray[np.bool_]
    refused: dict[str, NDArray[np.bool_]]


class TimeRule:
    """How the times of one source are read: settled by the first rows, then the same for all."""

    def __init__(self, unit: str, now: float) -> None:
        """``unit`` is one of :data:`TIME_UNITS`; later than a day after ``now`` (Unix seconds) is the future."""
        self.unit = unit
        self._latest = int(now) + DAY

    @property
    def ordinal(self) -> bool:
        """Whether the numbers are only an order."""
        return self.unit == "ordinal"

    def describe(self) -> str:
        """The rule in words, for the report."""
        return {
            "s": "Unix seconds",
            "ms": "Unix milliseconds",
            "us": "Unix microseconds",
            "ns": "Unix nanoseconds",
            "date": "dates (YYYYMMDD), midnight UTC",
            "iso": "ISO 8601 (UTC where no zone is given)",
            "ordinal": "an order, not a time",
        }.get(self.unit, self.unit)

    def parse(self, column: pl.Series) -> Times:
        """The times of some rows; the first call settles an ``auto`` unit."""
        column = _plain(column)
        missing = (
            column.is_null() if column.dtype != pl.String else column.is_null() | (column == "").fill_null(True)
        ).to_numpy()
        if self.unit == "auto" and not missing.all():
            self.unit = guess_unit(column)
        if self.unit == "auto":
            return Times(np.zeros(len(column), dtype=np.int64), missing, {})
        if isinstance(column.dtype, pl.Datetime):
            return self._bounded(column.cast(pl.Int64), missing, missing, SECOND)
        if self.unit == "iso":
            micros = _iso(column.cast(pl.String))
            return self._bounded(micros, missing, micros.is_null().to_numpy(), SECOND)
        if self.unit == "date":
            micros = column.cast(pl.String).str.to_datetime("%Y%m%d", time_unit="us", strict=False).cast(pl.Int64)
            return self._bounded(micros, missing, micros.is_null().to_numpy(), SECOND)
        return self._numbers(column, missing)

    def _numbers(self, column: pl.Series, missing: NDArray[np.bool_]) -> Times:
        whole = column.cast(pl.Int64, strict=False)
        per_second = {"s": 1, "ms": 1000, "us": SECOND, "ns": 1000 * SECOND, "ordinal": 1}[self.unit]
        if self.ordinal:
            bad = whole.is_null().to_numpy() & ~missing
            return Times(whole.fill_null(0).to_numpy(), missing, {UNPARSABLE: bad})
        if whole.null_count() > int(missing.sum()) or column.dtype.is_float():
            return self._fractions(column, missing, per_second)
        bounded = self._bounded(whole, missing, whole.is_null().to_numpy(), per_second)
        micros = bounded.micros // 1000 if self.unit == "ns" else bounded.micros * SCALES[self.unit]
        return Times(micros, missing, bounded.refused)

    def _fractions(self, column: pl.Series, missing: NDArray[np.bool_], per_second: int) -> Times:
        """Numbers with a fraction, or out of the range of whole ones; both are judged as floats."""
        values = column.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
        sound = np.isfinite(values)
        seconds = np.where(sound, values, 0.0) / per_second
        before, future = seconds < 0, seconds > self._latest
        good = sound & ~before & ~future
        micros = np.floor(np.where(good, seconds, 0.0) * SECOND).astype(np.int64)
        exact = column.cast(pl.Int64, strict=False)  # whole numbers keep every digit
        if self.unit in SCALES:
            use = good & exact.is_not_null().to_numpy()
            micros[use] = exact.fill_null(0).to_numpy()[use] * SCALES[self.unit]
        return Times(micros, missing, {UNPARSABLE: ~sound & ~missing, BEFORE: before & sound, FUTURE: future & sound})

    def _bounded(self, values: pl.Series, missing: NDArray[np.bool_], bad: NDArray[np.bool_], per_second: int) -> Times:
        numbers = values.fill_null(0).to_numpy()
        before, future = numbers < 0, numbers // per_second > self._latest
        refused = {UNPARSABLE: bad & ~missing, BEFORE: before, FUTURE: future}
        return Times(np.where(before | future, 0, numbers), missing, refused)


def _plain(column: pl.Series) -> pl.Series:
    """The column as trimmed text, numbers, or microseconds in UTC."""
    if isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone is not None:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return column.dt.cast_time_unit("us")
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("us"))
    if column.dtype.is_numeric():
        return column
    return to_text(column).str.strip_chars()


def guess_unit(column: pl.Series) -> str:
    """The notation that the median of some values suggests (see the module)."""
    if isinstance(column.dtype, pl.Datetime):
        return "iso"
    values = column.drop_nulls()
    numbers = values.cast(pl.Float64, strict=False)
    numbers = numbers.filter(numbers.is_finite().fill_null(False))
    if not len(numbers) or len(numbers) < len(values.filter(values != "") if values.dtype == pl.String else values) / 2:
        return "iso" if values.dtype == pl.String else "s"
    middle = float(numbers.median() or 0.0)  # type: ignore[arg-type]
    if 19_000_000 < middle < 22_000_000 and _dates(values):
        return "date"
    for limit, unit in ((1e6, "ordinal"), (1e11, "s"), (1e14, "ms"), (1e17, "us")):
        if abs(middle) < limit:
            return unit
    return "ns"


def _dates(values: pl.Series) -> bool:
    texts = values.cast(pl.String)
    return not texts.str.to_date("%Y%m%d", strict=False).null_count() and bool((texts.str.len_chars() == 8).all())


def _iso(column: pl.Series) -> pl.Series:
    """Microseconds since 1970, null where no notation fits; each notation is tried only on what is left."""
    out = column.str.to_datetime(_first_notation(column), time_unit="us", strict=False).cast(pl.Int64)
    for notation, zoned in TEXTS:
        rows = np.flatnonzero((out.is_null() & column.is_not_null()).to_numpy())
        if not len(rows):
            break
        zone = "UTC" if zoned else None
        text = _normal(column.gather(rows))
        parsed = text.str.to_datetime(notation, time_unit="us", time_zone=zone, strict=False).cast(pl.Int64)
        hit = parsed.is_not_null()
        if hit.any():
            out = out.scatter(rows[hit.to_numpy()], parsed.filter(hit))
    return out


def _first_notation(column: pl.Series) -> str:
    """The notation of the first text, so that a clean column is parsed in one go."""
    first = next((text for text in column.head(100) if text), "")
    mark = "T" if first[10:11] == "T" else " "
    return f"%Y-%m-%d{mark}%H:%M:%S%.f" if len(first) > 10 else "%Y-%m-%d"


def _normal(text: pl.Series) -> pl.Series:
    """One blank between date and hour, dashes in the date, zones as offsets from UTC, and UTC itself left out."""
    text = (
        text.str.replace(r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})T?", "$1-$2-$3 ")
        .str.replace(r"\s+", " ")
        .str.strip_chars()
    )
    return text.str.replace(r" ?(Z|z|UTC|GMT|\+00:?00)$", "")
