"""From the best items to a list that is worth reading: unlike neighbours, and not all of one category."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

POOL = 10
"""Candidates for each place of a diverse list."""


def top(values: NDArray[np.floating[Any]], pool: Ids, k: int) -> Ids:
    """The up to ``k`` members of ``pool`` with the largest finite values; equal values by dense id.

    Args:
        values: One for each item, ``(V,)``.
        pool: Dense ids to choose among.
        k: How many.
    """
    pool = pool[np.isfinite(values[pool])]
    if len(pool) > k:
        edge = np.partition(values[pool], len(pool) - k)[len(pool) - k]
        pool = pool[values[pool] >= edge]
    order = np.lexsort((pool, -values[pool]))
    return pool[order[:k]]


def capped(groups: NDArray[np.int64], limit: int) -> Ids:
    """Places of candidates when each category may come at most ``limit`` times, in the same order.

    Args:
        groups: Category of each candidate, best first, ``(n,)``; a negative one is never limited.
        limit: How often a category may come.
    """
    used: dict[int, int] = {}
    kept: list[int] = []
    for place, group in enumerate(groups.tolist()):
        used[group] = used.get(group, 0) + 1
        if group < 0 or used[group] <= limit:
            kept.append(place)
    return np.array(kept, dtype=np.int64)


def diverse(
    scores: NDArray[np.float64],
    vectors: NDArray[np.float32],
    k: int,
    diversity: float,
    groups: NDArray[np.int64] | None = None,
    limit: int = 0,
) -> Ids:
    """Places of candidates by maximal marginal relevance: ``argmax (1 - w) s(i) - w max_{j chosen} cos(i, j)``.

    Scores are brought to [0, 1] over the candidates, so that a weight means the same for every model.

    Args:
        scores: Of the candidates, ``(n,)``.
        vectors: Their unit vectors, ``(n, d)``.
        k: Length of the list.
        diversity: The weight ``w``; Carbonell and Goldstein (1998) write ``1 - lambda``.
        groups: Categories of the candidates, ``(n,)``; negative ones are not limited. None for no limit.
        limit: How often a category may come.
    """
    span = float(np.ptp(scores)) if len(scores) else 0.0
    relevance = (scores - scores.min()) / span if span > 0 else np.ones(len(scores))
    near = np.full(len(scores), -1.0)
    free = np.ones(len(scores), dtype=np.bool_)
    chosen: list[int] = []
    while len(chosen) < k and free.any():
        best = int(np.argmax(np.where(free, (1 - diversity) * relevance - diversity * near, -np.inf)))
        chosen.append(best)
        free[best] = False
        near = np.maximum(near, vectors @ vectors[best])
        if groups is not None and groups[best] >= 0:
            alike = groups == groups[best]
            if int(alike[chosen].sum()) >= limit:
                free &= ~alike
    return np.array(chosen, dtype=np.int64)
