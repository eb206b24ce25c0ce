"""What is on show: draws items of a kind by attention among those that have appeared by a given moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.data.simulate.catalogue import Goods, Ints

SPAN = 1 << 40
"""More seconds than any market lasts; separates the kinds in one sorted key."""


@dataclass(frozen=True)
class Shelves:
    """Items sorted by kind and birth, so that what is available at a moment is a stretch of one cumulative sum.

    Attributes:
        items: Item codes in that order, without those that are never shown, ``(m,)``.
        keys: ``kind * SPAN + birth``, ascending, ``(m,)``.
        mass: Attention summed up, with a leading 0, ``(m + 1,)``.
        first: First place of each kind, ``(kinds,)``.
    """

    items: Ints
    keys: NDArray[np.int64]
    mass: NDArray[np.float64]
    first: NDArray[np.int64]

    @classmethod
    def fill(cls, goods: Goods, kinds: int) -> Shelves:
        """Arranges the goods."""
        shown = np.flatnonzero(goods.attention > 0)
        order = shown[np.lexsort((shown, goods.birth[shown], goods.kind[shown]))]
        keys = goods.kind[order].astype(np.int64) * SPAN + goods.birth[order]
        mass = np.concatenate([[0.0], np.cumsum(goods.attention[order])])
        first = np.searchsorted(keys, np.arange(kinds, dtype=np.int64) * SPAN)
        return cls(order.astype(np.int32), keys, mass, first)

    def draw(self, rng: np.random.Generator, kinds: Ints, times: NDArray[np.int64], width: int) -> Ints:
        """``width`` items of each kind, independently by attention among those born by each time, ``(n, width)``."""
        low = self.first[kinds]
        high = np.searchsorted(self.keys, kinds.astype(np.int64) * SPAN + times, side="right")
        bottom = self.mass[low]
        point = bottom[:, None] + (self.mass[high] - bottom)[:, None] * rng.random((len(kinds), width))
        place = np.searchsorted(self.mass, point.ravel(), side="right").reshape(point.shape) - 1
        np.clip(place, low[:, None], high[:, None] - 1, out=place)  # rounding may step over an edge
        return np.asarray(self.items[place])
