"""Metrics of questions with several answers, from the ranks of all of them (0 is best, infinite is a miss).

``T`` answers, ``H`` of them among the first ``K``: recall is ``H / T``, precision ``H / K``, HR whether ``H > 0``, and
NDCG divides the gains of the hits by those of a list that has answers in its first ``min(K, T)`` places. With one
answer each is what :mod:`~foretaste.evaluation.metrics` says. Means are over questions, not over answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from foretaste.core.errors import unknown
from foretaste.evaluation.metrics import CUTOFFS, METRICS, Values, hr, mrr, ndcg

Index = NDArray[np.int64]


def per_question(
    ranks: Values, firsts: Index, cutoffs: Iterable[int] = CUTOFFS, names: Sequence[str] = ()
) -> dict[str, Values]:
    """Values for each question under keys like ``recall@20``, each ``(q,)``.

    Args:
        ranks: Ranks of all answers, those of a question side by side, ``(m,)``.
        firsts: The first answer of each question, ``(q,)``.
        cutoffs: List lengths.
        names: Which of :data:`~foretaste.evaluation.metrics.METRICS`; all of them by default.

    Raises:
        ConfigError: If a name is unknown.

    >>> per_question(np.array([0.0, 30.0, 2.0]), np.array([0, 2]), (20,), ("recall",))
    {'recall@20': array([0.5, 1. ])}
    """
    chosen = list(names) or list(METRICS)
    for name in chosen:
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
    if not len(firsts):
        return {f"{name}@{cutoff}": np.zeros(0) for cutoff in cutoffs for name in chosen}
    return {f"{name}@{cutoff}": _value(name, ranks, firsts, cutoff) for cutoff in cutoffs for name in chosen}


def _value(name: str, ranks: Values, firsts: Index, cutoff: int) -> Values:
    sizes = np.diff(np.append(firsts, len(ranks)))
    if name in ("hr", "mrr"):
        best: Values = np.maximum.reduceat((hr if name == "hr" else mrr)(ranks, cutoff), firsts)
        return best
    if name == "ndcg":
        ideal = np.cumsum(1 / np.log2(np.arange(cutoff) + 2))
        gains: Values = np.add.reduceat(ndcg(ranks, cutoff), firsts) / ideal[np.minimum(sizes, cutoff) - 1]
        return gains
    if name == "map":
        return _average_precision(ranks, firsts, sizes, cutoff)
    hits: Values = np.add.reduceat(hr(ranks, cutoff), firsts)
    return hits / (sizes if name == "recall" else cutoff)


def _average_precision(ranks: Values, firsts: Index, sizes: Index, cutoff: int) -> Values:
    """Mean over the first ``min(K, T)`` answers of the precision at the place of each hit."""
    owners = np.repeat(np.arange(len(firsts)), sizes)
    rising = ranks[np.lexsort((ranks, owners))]
    found = np.arange(len(ranks)) - firsts[owners] + 1
    values: Values = np.add.reduceat(mrr(rising, cutoff) * found, firsts) / np.minimum(sizes, cutoff)
    return values
