"""What a careful reader wants to know of a log before using it: exact repeats and ties in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.ordering import user_order
from foretaste.data.tidy_order import dense_codes


def count_repeats(table: pl.DataFrame) -> dict[str, Any]:
    """Counts over a clean log; nothing is changed.

    Args:
        table: ``user_id``, ``item_id``, ``timestamp`` where there are times, and attributes.

    Returns:
        ``exact_duplicates`` (rows equal to an earlier one in every column) and, where there are times,
        ``tied_interactions`` (rows that share user and time with another) and ``users_with_tied_last`` (whose newest
        interaction the order of the source decides).
    """
    users, items = (dense_codes(table[name])[0] for name in ("user_id", "item_id"))
    if "timestamp" not in table.columns:
        return {"exact_duplicates": _exact(table, np.arange(table.height), users, items, None)}
    times = table["timestamp"].to_numpy()
    order = user_order(users, times)
    by_user, by_time = users[order], times[order]
    same = (by_user[1:] == by_user[:-1]) & (by_time[1:] == by_time[:-1])
    tied = np.zeros(len(order), dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    last = np.append(by_user[1:] != by_user[:-1], True)[: len(order)]
    return {
        "exact_duplicates": _exact(table, order[tied], users, items, times),
        "tied_interactions": int(tied.sum()),
        "users_with_tied_last": int((tied & last).sum()),
    }


def _exact(
    table: pl.DataFrame,
    rows: NDArray[np.int64],
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    times: NDArray[np.int64] | None,
) -> int:
    """Rows equal to an earlier one, among those given; attributes are compared only where the rest agrees."""
    keys = [key[rows] for key in (users, items, times) if key is not None]
    order = np.lexsort(keys)
    same = np.ones(max(len(rows) - 1, 0), dtype=bool)
    for key in keys:
        same &= key[order[1:]] == key[order[:-1]]
    again = np.flatnonzero(same)
    if not len(again) or set(table.columns) <= {"user_id", "item_id", "timestamp"}:
        return len(again)
    alike = np.unique(np.concatenate([again, again + 1]))
    return len(alike) - int(table[rows[order[alike]]].n_unique())
