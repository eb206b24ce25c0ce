"""Tables on their way into the tidy form: ids that are there and single, the columns that every catalogue has."""

from __future__ import annotations

import polars as pl

from foretaste.core.errors import DataError

ITEM_COLUMNS: dict[str, pl.DataType] = {
    "item_id": pl.String(),
    "title": pl.String(),
    "brand": pl.String(),
    "categories": pl.List(pl.String()),
    "price": pl.Float64(),
    "description": pl.String(),
    "image": pl.String(),
}
"""The columns that every catalogue has, null where nothing is known."""


def complete_items(items: pl.DataFrame) -> pl.DataFrame:
    """The catalogue with all of :data:`ITEM_COLUMNS` in front, then its other columns."""
    front = [
        _as(items[name], dtype)
        if name in items.columns
        else pl.Series(name, [None], dtype=dtype).new_from_index(0, items.height)
        for name, dtype in ITEM_COLUMNS.items()
    ]
    return pl.DataFrame([*front, *(items[name] for name in items.columns if name not in ITEM_COLUMNS)])


def _as(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    if isinstance(dtype, pl.List) and not isinstance(column.dtype, pl.List):
        text = column.cast(pl.String)
        return (
            text.to_frame()
            .select(pl.when(text.is_not_null()).then(pl.concat_list(text.name)))
            .to_series()
            .alias(column.name)
        )
    return column.cast(dtype, strict=False)


def checked(table: pl.DataFrame, ids: tuple[str, ...], what: str) -> pl.DataFrame:
    """The table with its id columns as text, in front; refuses missing columns and empty ids."""
    for name in ids:
        if name not in table.columns:
            raise DataError(
                f"the table of {what} lacks the column {name}",
                where=what,
                allowed=", ".join(ids) + " and any other columns; found: " + ", ".join(table.columns),
                mend=f"rename the column that holds it to {name}",
            )
        if table[name].null_count():
            raise DataError(
                f"{table[name].null_count()} rows of the table of {what} have no {name}",
                where=f"first in row {table[name].is_null().arg_max()}",
                allowed="an id in every row",
                mend="leave these rows out, or import the table with `foretaste data import`, which sets them aside",
            )
    front = [table[name] if table[name].dtype == pl.Categorical else table[name].cast(pl.String) for name in ids]
    return pl.DataFrame([*front, *(table[name] for name in table.columns if name not in ids)])


def whole_catalogue(items: pl.DataFrame | None) -> pl.DataFrame | None:
    """The catalogue with all of its columns, one row for each item; None where there is none."""
    return None if items is None else complete_items(unique(checked(items, ("item_id",), "items"), "item_id", "items"))


def unique(table: pl.DataFrame, column: str, what: str) -> pl.DataFrame:
    """The table, which must not list an id twice."""
    doubles = table[column].is_duplicated()
    if doubles.any():
        raise DataError(
            f"the table of {what} lists {table[column].filter(doubles)[0]!r} more than once",
            where=f"column {column}",
            allowed="one row for each id",
            mend="keep one row for each id",
        )
    return table
