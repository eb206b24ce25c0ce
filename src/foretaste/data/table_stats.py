"""The statistics that stand in a tidy folder's manifest: sizes, lengths, popularity, repeats, texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


def interaction_stats(users: NDArray[np.int32], items: NDArray[np.int32], listed: int) -> dict[str, Any]:
    """Counts over dense ids.

    Args:
        users: Dense user of each interaction, ``(N,)``, ``0 … n_users-1``, each one used.
        items: Dense item of each interaction, ``(N,)``, ``0 … n_interacted-1``, each one used.
        listed: Items that the catalogue lists, interacted with or not.

    Returns:
        ``users``, ``items_interacted``, ``items_listed``, ``interactions``, ``density_pct``, ``seq_len``, ``item_pop``,
        ``duplicate_user_item_pairs`` (interactions beyond the first of a pair) and ``users_with_repeats``.
    """
    lengths, popularity = np.bincount(users), np.bincount(items)
    cells = len(lengths) * len(popularity)
    repeated, repeaters = _repeats(users, items, max(len(popularity), 1))
    return {
        "users": len(lengths),
        "items_interacted": len(popularity),
        "items_listed": listed,
        "interactions": len(users),
        "density_pct": round(100 * len(users) / cells, 4) if cells else 0.0,
        "seq_len": spread(lengths),
        "item_pop": spread(popularity),
        "duplicate_user_item_pairs": repeated,
        "users_with_repeats": repeaters,
    }


def spread(counts: NDArray[np.int64]) -> dict[str, float]:
    """Minimum, median, mean and maximum of some counts; zeros where there are none."""
    if not len(counts):
        return {"min": 0, "median": 0.0, "mean": 0.0, "max": 0}
    return {
        "min": int(counts.min()),
        "median": float(np.median(counts)),
        "mean": round(float(counts.mean()), 3),
        "max": int(counts.max()),
    }


def _repeats(users: NDArray[np.int32], items: NDArray[np.int32], width: int) -> tuple[int, int]:
    pairs = np.sort(users.astype(np.int64) * width + items)
    again = pairs[1:][pairs[1:] == pairs[:-1]]
    return len(again), len(np.unique(again // width))


def field_stats(items: pl.DataFrame) -> dict[str, dict[str, float]]:
    """For every attribute of some items: how many lack it, how many values there are, how long they are."""
    return {name: _field(items[name]) for name in items.columns if name != "item_id"}


def _field(column: pl.Series) -> dict[str, float]:
    if isinstance(column.dtype, pl.List):
        present = column.drop_nulls().list.len()
        present = present.filter(present > 0)
        mean = float(present.mean() or 0.0)  # type: ignore[arg-type]
        return {"missing": column.len() - present.len(), "mean_len": round(mean, 2)}
    if column.dtype == pl.String:
        present = column.drop_nulls()
        words = present.str.count_matches(r"\S+").mean() or 0.0
        return {
            "missing": column.null_count(),
            "distinct": present.n_unique(),
            "mean_words": round(float(words), 2),  # type: ignore[arg-type]
        }
    return {"missing": column.null_count()}
