"""Rows of found items, brought to one length and one order."""

from __future__ import annotations

import numpy as np

from foretaste.serving.index.base import NOTHING, Ids, Rows


def padded(ids: Ids, scores: Rows, k: int) -> tuple[Ids, Rows]:
    """Rows of ``k`` entries, with :data:`NOTHING` and ``-inf`` where there are fewer.

    Args:
        ids: ``(n, m)`` with ``m <= k``; a negative one is none.
        scores: ``(n, m)``.
        k: Length wanted.
    """
    missing = k - ids.shape[1]
    if missing > 0:
        ids = np.pad(ids, ((0, 0), (0, missing)), constant_values=NOTHING)
        scores = np.pad(scores, ((0, 0), (0, missing)), constant_values=-np.inf)
    scores = np.where(ids < 0, -np.inf, scores).astype(np.float32)
    return ids, scores


def best_of(ids: Ids, scores: Rows, k: int) -> tuple[Ids, Rows]:
    """The ``k`` entries of greatest score of each row, best first."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return padded(np.take_along_axis(ids, order, 1), np.take_along_axis(scores, order, 1), k)
