"""Metrics of single-target questions, from ranks (0 is best, infinite is a miss).

With one target a question, recall is the hit rate, average precision is the reciprocal rank, and precision is the hit
rate divided by the cut-off. A rank may lie half-way between two places, where ties count half; metrics are those of a
list, so the upper of the two places is read. This rule reproduces the recorded figures of the public data sets to the
last digit; it never changes a hit, and a gain only where an odd number of items ties with the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from foretaste.core.errors import unknown

Values = NDArray[np.float64]


def hr(ranks: Values, cutoff: int) -> Values:
    """Hit rate: 1 where the target is among the first ``cutoff``."""
    return (ranks < cutoff).astype(np.float64)


def ndcg(ranks: Values, cutoff: int) -> Values:
    """Normalised discounted cumulative gain: 1 / log2(place + 2) for a hit, with the first place 0."""
    gains: Values = hr(ranks, cutoff) / np.log2(np.floor(ranks) + 2)
    return gains


def mrr(ranks: Values, cutoff: int) -> Values:
    """Reciprocal rank: 1 / (place + 1) for a hit, with the first place 0."""
    gains: Values = hr(ranks, cutoff) / (np.floor(ranks) + 1)
    return gains


def recall(ranks: Values, cutoff: int) -> Values:
    """Share of the user's targets that are found; with one target the hit rate."""
    return hr(ranks, cutoff)


def average_precision(ranks: Values, cutoff: int) -> Values:
    """Average precision; with one target the reciprocal rank. Its mean over users is MAP."""
    return mrr(ranks, cutoff)


def precision(ranks: Values, cutoff: int) -> Values:
    """Share of the list that is a target: with one target the hit rate over the cut-off."""
    return hr(ranks, cutoff) / cutoff


METRICS = {"hr": hr, "ndcg": ndcg, "mrr": mrr, "recall": recall, "map": average_precision, "precision": precision}
"""Name → function of ranks ``(m,)`` and a cut-off, giving a value for each target, ``(m,)``."""

CUTOFFS = (5, 10, 20)
"""Cut-offs reported unless others are asked for."""


def per_target(ranks: Values, cutoffs: Iterable[int] = CUTOFFS, names: Sequence[str] = ()) -> dict[str, Values]:
    """Values for each target under keys like ``ndcg@10``.

    Args:
        ranks: Ranks, 0 is best, ``(m,)``.
        cutoffs: List lengths.
        names: Which of :data:`METRICS`; all of them by default.

    Raises:
        ConfigError: If a name is unknown.
    """
    chosen = list(names) or list(METRICS)
    for name in chosen:
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
    return {f"{name}@{cutoff}": METRICS[name](ranks, cutoff) for cutoff in cutoffs for name in chosen}


def mean_metrics(ranks: Values, cutoffs: Iterable[int] = CUTOFFS, names: Sequence[str] = ()) -> dict[str, float]:
    """The same averaged over the targets; NaN where there are none.

    >>> mean_metrics(np.array([0.0, 9.0, np.inf]), (10,), ("hr", "mrr"))
    {'hr@10': 0.6666666666666666, 'mrr@10': 0.3666666666666667}
    """
    values = per_target(ranks, cutoffs, names)
    return {key: float(value.mean()) if len(value) else float("nan") for key, value in values.items()}
