"""What a careful reader wants to know of a log before using it: exact repeats, ties in time, repeated pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.tidy import dense_codes


def count_repeats(table: pl.DataFrame, *, timed: bool) -> dict[str, Any]:
    """Counts over a clean log; nothing is changed.

    Args:
        table: ``user_id``, ``item_id``, ``timestamp`` where ``timed``, and attributes.
        timed: Whether there are times or numbers of an order.

    Returns:
        ``exact_duplicates`` (rows equal to an earlier one in every column), ``tied_interactions`` (rows that share user
        and time with another), ``users_with_tied_last`` (whose newest interaction the order of the source decides).
    """
    users, items = (dense_codes(table[name])[0] for name in ("user_id", "item_id"))
    times = table["timestamp"].to_numpy() if timed else np.zeros(table.height, dtype=np.int64)
    order = np.lexsort((items, times, users))
    users, items, times = users[order], items[order], times[order]
    same_time = (users[1:] == users[:-1]) & (times[1:] == times[:-1])
    same = same_time & (items[1:] == items[:-1])
    found: dict[str, Any] = {"exact_duplicates": _exact(table, order, same)}
    if timed:
        tied = np.zeros(len(users), dtype=bool)
        tied[1:] |= same_time
        tied[:-1] |= same_time
        last = np.append(users[1:] != users[:-1], True)[: len(users)]
        found |= {"tied_interactions": int(tied.sum()), "users_with_tied_last": int((tied & last).sum())}
    return found


def _exact(table: pl.DataFrame, order: NDArray[np.int64], same: NDArray[np.bool_]) -> int:
    """Rows equal to an earlier one; attributes are compared only where user, item and time agree."""
    if not same.any():
        return 0
    again = np.flatnonzero(same)
    rows = np.unique(np.concatenate([again, again + 1]))
    if set(table.columns) <= {"user_id", "item_id", "timestamp"}:
        return len(again)
    return len(rows) - int(table[order[rows]].n_unique())
