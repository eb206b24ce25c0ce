"""Rows of a catalogue that came after the training, in the columns and types of the saved one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from foretaste.core.errors import DataError, unknown
from foretaste.recipes.saved import SavedModel


def as_rows(items: Sequence[Mapping[str, Any]] | pl.DataFrame, saved: SavedModel) -> pl.DataFrame:
    """The new items with the columns of the saved catalogue, in its types.

    Raises:
        DataError: For an id that is missing, known or repeated, an unknown column, or a value of another type.
    """
    rows = items.to_dicts() if isinstance(items, pl.DataFrame) else [dict(row) for row in items]
    columns = [name for name in saved.catalogue.columns if name != "popularity"]
    for place, row in enumerate(rows):
        for name in row:
            if name not in columns:
                raise unknown("attribute", name, columns, where=f"new item {place}")
    _check_ids(rows, saved)
    schema = {name: saved.catalogue.schema[name] for name in columns}
    table = pl.DataFrame([_typed(rows, name, kind) for name, kind in schema.items()])
    table = table.with_columns(pl.coalesce("title", "item_id").alias("title"))
    return table.with_columns(pl.lit(0, dtype=pl.Int64).alias("popularity")).select(saved.catalogue.columns)


def _check_ids(rows: Sequence[Mapping[str, Any]], saved: SavedModel) -> None:
    seen: set[str] = set()
    for place, row in enumerate(rows):
        raw = row.get("item_id")
        if raw is None or str(raw) == "":
            raise DataError("a new item has no id", where=f"new item {place}", mend="give item_id")
        if str(raw) in saved.items:
            raise DataError(
                f"the item {str(raw)!r} is known already",
                where=f"new item {place}",
                allowed="ids that are not in the model's catalogue",
                mend="leave it out; a known item's text changes only by training again",
            )
        if str(raw) in seen:
            raise DataError(f"the new item {str(raw)!r} stands twice", where=f"new item {place}", mend="give it once")
        seen.add(str(raw))


def _typed(rows: Sequence[Mapping[str, Any]], name: str, kind: pl.DataType) -> pl.Series:
    values = [str(row["item_id"]) if name == "item_id" else row.get(name) for row in rows]
    try:
        if kind.is_numeric() and all(value is None or isinstance(value, str) for value in values):
            return pl.Series(name, values, dtype=pl.String).cast(kind)  # as a CSV file gives them
        return pl.Series(name, values, dtype=kind, strict=True)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise DataError(
            f"a value of {name!r} does not fit: {str(error).splitlines()[0]}",
            where="new items",
            allowed=f"values of the type {kind}, or none",
            mend="give it as the catalogue has it",
        ) from error
