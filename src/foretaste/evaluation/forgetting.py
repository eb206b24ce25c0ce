"""What a space of item vectors still knows after it was changed: Kendall's tau of distances (PAD's study).

For each question, how far is each item of the history from the right answer, and from a wrong one that is as popular?
If alignment with text left the collaborative order alone, these distances keep their order, and tau is near 1; where
it forgot, tau falls. By the frequency of the answer one sees whose order was kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from foretaste.data.split import Targets


@dataclass(frozen=True)
class StudyPairs:
    """Pairs of items whose distances are compared between spaces.

    Attributes:
        left: Items of histories, ``(n,)``.
        right: The target of the history's question, or an item of the target's bin that was drawn for it, ``(n,)``.
        bins: Bin of the target, ``(n,)``.
        count: How many bins there are.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    bins: NDArray[np.int64]
    count: int


def study_pairs(targets: Targets, bins: NDArray[np.int64], *, seed: int = 0) -> StudyPairs:
    """Each item of each history with the target, and with one other item of the target's bin.

    Args:
        targets: Questions; of each history all items count.
        bins: Frequency bin of each item, ``(num_items,)``.
        seed: Of the drawn items.
    """
    rng = np.random.default_rng(seed)
    wanted = targets.items.astype(np.int64)
    order = np.argsort(bins, kind="stable")
    sizes = np.bincount(bins)
    starts = np.cumsum(sizes) - sizes
    own = np.empty(len(bins), dtype=np.int64)
    own[order] = np.arange(len(bins)) - starts[bins[order]]
    of = bins[wanted]
    others = np.maximum(sizes[of] - 1, 1)
    drawn = rng.integers(others)
    drawn = np.minimum(drawn + (drawn >= own[wanted]), sizes[of] - 1)  # any of the bin but the target itself
    wrong = order[starts[of] + drawn]
    owners, left = targets.histories.owners(), targets.histories.flat().astype(np.int64)
    right = np.concatenate([wanted[owners], wrong[owners]])
    return StudyPairs(np.tile(left, 2), right, np.tile(of[owners], 2), len(sizes))


def distances(vectors: NDArray[np.float32], pairs: StudyPairs) -> NDArray[np.float64]:
    """``1 - cos`` of each pair, ``(n,)``; a zero vector is 1 from everything.

    Args:
        vectors: Item vectors, ``(num_items, d)``.
        pairs: Which items.
    """
    rows = vectors.astype(np.float64)
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    near: NDArray[np.float64] = np.einsum("nd,nd->n", unit[pairs.left], unit[pairs.right])
    return 1 - near


def agreement(before: NDArray[np.float32], after: NDArray[np.float32], pairs: StudyPairs) -> dict[str, Any]:
    """Kendall's tau-b between the distances in two spaces: ``{"tau": …, "bins": […], "pairs": […]}``.

    A bin in which nothing can be ordered has None.

    Args:
        before: Item vectors of one space.
        after: Of the other; its width may differ.
        pairs: Which items.
    """
    x, y = distances(before, pairs), distances(after, pairs)
    members = [pairs.bins == number for number in range(pairs.count)]
    return {
        "tau": _tau(x, y),
        "bins": [_tau(x[member], y[member]) for member in members],
        "pairs": [int(member.sum()) for member in members],
    }


def _tau(x: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    found = float(kendalltau(x, y).statistic) if len(x) > 1 else math.nan
    return round(found, 6) if math.isfinite(found) else None
