"""The order of the tidy form: dense numbers for raw ids, rows user by user and oldest first."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.ordering import user_order


def dense_codes(ids: pl.Series) -> tuple[NDArray[np.int32], pl.Series]:
    """Numbers for raw ids in the order of their first appearance.

    Returns:
        The number of each row ``(N,)`` and the raw ids in the order of their numbers.
    """
    codes = (ids if ids.dtype == pl.Categorical else ids.cast(pl.Categorical)).to_physical().cast(pl.Int64).to_numpy()
    first = np.full(int(codes.max(initial=-1)) + 1, len(codes), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # the last write stays: the earliest row
    used = np.argsort(first, kind="stable")[: int((first < len(codes)).sum())]
    number = np.zeros(len(first), dtype=np.int32)
    number[used] = np.arange(len(used), dtype=np.int32)
    return number[codes], ids.gather(first[used]).cast(pl.String)


def as_codes(table: pl.DataFrame, *ids: str) -> pl.DataFrame:
    """The table with some columns of text as numbers of distinct values: smaller, and faster to sort and count."""
    return table.with_columns(pl.col(*ids).cast(pl.Categorical))


def sorted_rows(table: pl.DataFrame, users: NDArray[np.int32]) -> tuple[pl.DataFrame, NDArray[np.int64] | None]:
    """The rows user by user, oldest first, with ``position`` and ``timestamp``; and their former places."""
    key = next((name for name in ("position", "timestamp") if name in table.columns), None)
    order: NDArray[np.int64] | None = user_order(users, None if key is None else table[key].cast(pl.Int64).to_numpy())
    if order is not None and bool((order[1:] > order[:-1]).all()):
        order = None  # already in order: spare the copy
    places = _places(take(users, order))
    position = pl.Series("position", places, dtype=pl.Int32)
    if order is not None:
        table = table[order]
    time = (
        table["timestamp"].cast(pl.Int64)
        if "timestamp" in table.columns
        else position.cast(pl.Int64).alias("timestamp")
    )
    front = [table["user_id"], table["item_id"], position, time]
    rest = [table[name] for name in table.columns if name not in ("user_id", "item_id", "position", "timestamp")]
    return pl.DataFrame([*front, *rest]), order


def take(codes: NDArray[np.int32], order: NDArray[np.int64] | None) -> NDArray[np.int32]:
    """Numbers in a new order; None leaves them."""
    return codes if order is None else codes[order]


def _places(users: NDArray[np.int32]) -> NDArray[np.int64]:
    """0, 1, 2 … within each run of the same user."""
    lengths = np.bincount(users) if len(users) else np.zeros(0, dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    return np.arange(len(users), dtype=np.int64) - np.repeat(starts, lengths)
