"""Which items of a catalogue a question allows: one mark for each item, found again when the same filters return."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.core.errors import DataError, unknown
from foretaste.data.vocabulary import Vocabulary
from foretaste.serving.queries import Condition, Filters

Mask = NDArray[np.bool_]

CATEGORY_COLUMNS, STOCK_COLUMNS = ("categories", "category"), ("in_stock", "stock")
KEPT = 64
"""Sets of filters whose masks are kept; a mask takes one byte an item."""


class CatalogueFilter:
    """Turns filters into masks over dense ids.

    Args:
        catalogue: The item table in the order of the dense ids.
        items: The raw ids.
        live: Which items are still there, ``(V,)``.
    """

    def __init__(self, catalogue: pl.DataFrame, items: Vocabulary, live: Mask) -> None:
        self.catalogue, self.items, self.live = catalogue, items, live
        self._masks: OrderedDict[Filters, Mask] = OrderedDict()

    def mask(self, filters: Filters) -> Mask:
        """Which items may come, ``(V,)``, apart from what a history has seen; it is shared, so do not write to it.

        Raises:
            ForetasteError: If the catalogue has no such column, or a value cannot be compared with it.
        """
        if not filters.narrows:
            return self.live
        key = replace(filters, exclude_seen=True)
        found = self._masks.get(key)
        if found is None:
            found = self.live & self._compute(key)
            self._masks[key] = found
            while len(self._masks) > KEPT:
                self._masks.popitem(last=False)
        return found

    def strangers(self, filters: Filters) -> list[str]:
        """Raw ids to choose among that the catalogue does not have."""
        return [raw for raw in filters.allow or () if raw not in self.items]

    def _compute(self, filters: Filters) -> Mask:
        mask = np.ones(len(self.items), dtype=np.bool_)
        conditions = [*_named(filters, self.catalogue.columns), *filters.where]
        if conditions:
            fits = pl.all_horizontal([self._expression(one).fill_null(False) for one in conditions])
            mask &= self._selected(fits, conditions)
        if filters.allow is not None:
            mask &= self._listed(filters.allow)
        if filters.deny:
            mask &= ~self._listed(filters.deny)
        return mask

    def _selected(self, fits: pl.Expr, conditions: Sequence[Condition]) -> Mask:
        try:
            return self.catalogue.select(fits.alias("fits"))["fits"].to_numpy().astype(np.bool_)
        except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
            names = ", ".join(sorted({one.column for one in conditions}))
            raise DataError(
                f"a filter's value cannot be compared with its column: {str(error).splitlines()[0]}",
                where=f"filters on {names}",
                allowed=", ".join(f"{name}: {self.catalogue.schema[name]}" for name in names.split(", ")),
            ) from error

    def _expression(self, condition: Condition) -> pl.Expr:
        kind = self.catalogue.schema.get(condition.column)
        if kind is None:
            raise unknown("column of the catalogue", condition.column, self.catalogue.columns, where="filters")
        wanted = (condition.equals,) if condition.equals is not None else condition.one_of
        inner = kind.inner if isinstance(kind, pl.List) else kind
        _refuse_unlike(condition, inner)
        column = pl.col(condition.column)
        value = pl.element() if inner is not kind else column
        parts: list[pl.Expr] = []
        if wanted is not None:
            parts.append(_is_one_of(value, wanted, inner) if wanted else pl.lit(False))
        if condition.minimum is not None:
            parts.append(value >= condition.minimum)
        if condition.maximum is not None:
            parts.append(value <= condition.maximum)
        if not parts:
            return pl.lit(True)
        fits = pl.all_horizontal(parts)
        return column.list.eval(fits.fill_null(False)).list.any() if inner is not kind else fits

    def _listed(self, raw: Sequence[str]) -> Mask:
        mask = np.zeros(len(self.items), dtype=np.bool_)
        dense = self.items.encode(raw)
        mask[dense[dense >= 0]] = True
        return mask


def _named(filters: Filters, columns: Sequence[str]) -> list[Condition]:
    """The named demands as conditions on columns."""
    found: list[Condition] = []
    if filters.categories is not None:
        found.append(Condition(_first(CATEGORY_COLUMNS, columns, "categories"), one_of=filters.categories))
    if filters.brands is not None:
        found.append(Condition(_first(("brand",), columns, "brands"), one_of=filters.brands))
    if filters.price_min is not None or filters.price_max is not None:
        name = _first(("price",), columns, "price_min and price_max")
        found.append(Condition(name, minimum=filters.price_min, maximum=filters.price_max))
    if filters.in_stock is not None:
        name = _first(STOCK_COLUMNS, columns, "in_stock")
        if name == "in_stock":
            found.append(Condition(name, equals=filters.in_stock))
        else:
            found.append(Condition(name, minimum=1) if filters.in_stock else Condition(name, maximum=0))
    return found


def _first(names: Sequence[str], columns: Sequence[str], key: str) -> str:
    for name in names:
        if name in columns:
            return name
    raise DataError(
        f"this catalogue cannot be filtered by {key}: it has no column {' or '.join(names)}",
        where="filters",
        allowed="filters on " + ", ".join(columns),
        mend="leave the filter out, or export a model of a catalogue that has the column",
    )


def _is_one_of(value: pl.Expr, wanted: Sequence[Any], kind: Any) -> pl.Expr:
    """Equality in the column's own precision: 2.5 is no whole number, and 0.1 is found among 32-bit floats."""
    if kind in (pl.String, pl.Boolean):
        return value.is_in(list(wanted))
    precision = pl.Float32 if kind == pl.Float32 else pl.Float64
    numbers = pl.Series([float(one) for one in wanted], dtype=precision)
    return value.cast(precision).is_in(pl.lit(numbers).implode())


def _refuse_unlike(condition: Condition, kind: Any) -> None:
    """A text beside numbers, or a number beside texts, would fit nothing and never say why."""
    values = [*(condition.one_of or ()), *([condition.equals] if condition.equals is not None else [])]
    bounds = [bound for bound in (condition.minimum, condition.maximum) if bound is not None]
    numbers = [one for one in (*values, *bounds) if isinstance(one, int | float)]
    if not all(math.isfinite(one) for one in numbers):
        raise DataError(f"the filter on {condition.column!r} has a number that is none", allowed="finite numbers")
    text, truth = kind == pl.String, kind == pl.Boolean
    number = not text and not truth
    good = (
        all(isinstance(value, str) for value in values)
        if text
        else all(isinstance(value, bool) for value in values)
        if truth
        else all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    )
    if not good or (bounds and not number):
        what = "bounds" if good else f"the value{'s' * (len(values) > 1)} {', '.join(map(repr, values))}"
        raise DataError(
            f"{what} cannot be compared with the column {condition.column!r}",
            where="filters",
            allowed=f"values of the type {kind}",
        )
