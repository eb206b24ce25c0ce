"""Bins of items by how often they occur: each bin holds about the same share of the training interactions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 10
"""How many bins PAD cuts a catalogue into (arXiv 2412.04107, released code)."""


def frequency_bins(counts: NDArray[np.int64], bins: int = BINS) -> NDArray[np.int64]:
    """The bin of each item, 0 the hottest, ``(num_items,)``.

    Items are taken in order of falling frequency, equally frequent ones in order of their dense ids; a bin is full as
    soon as it holds its share of all interactions. So a bin may part items of one frequency, the last one holds a
    little less than the others, and where single items outweigh a bin there are fewer than ``bins`` of them. Items
    that never occur are in the last one that is begun.

    Args:
        counts: Training interactions of each item.
        bins: How many bins at the most.

    >>> frequency_bins(np.array([2, 6, 0, 2, 1, 1]), 3).tolist()
    [1, 0, 2, 1, 2, 2]
    """
    order = np.argsort(-counts, kind="stable")
    reached = np.cumsum(counts[order])
    total = int(counts.sum())
    found = np.empty(len(counts), dtype=np.int64)
    start = 0
    for number in range(bins):
        before = int(reached[start - 1]) if start else 0
        end = int(np.searchsorted(reached * bins, before * bins + total)) + 1
        last = number == bins - 1 or end >= len(order) or int(reached[end - 1]) == total
        found[order[start : None if last else end]] = number
        if last:
            break
        start = end
    return found
