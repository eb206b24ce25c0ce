"""Histories as compressed rows (CSR): one flat array of items and, for each row, where it starts and how long it is.

Cutting the ends off a row changes only its start or length, so the training part, a validation history and a test
history are all views of one array, which may be memory-mapped. Rows run from the oldest item to the newest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Sequences:
    """``n`` histories of dense item ids.

    Attributes:
        items: Item ids of all rows, ``(N,)`` int32.
        starts: First place of each row in ``items``, ``(n,)`` int64.
        lengths: Items of each row, ``(n,)`` int64.
        times: Times beside ``items``, ``(N,)`` int64, or None.
    """

    items: NDArray[np.int32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    times: NDArray[np.int64] | None = None

    @classmethod
    def from_offsets(
        cls, items: NDArray[np.int32], offsets: NDArray[np.int64], times: NDArray[np.int64] | None = None
    ) -> Sequences:
        """Rows that lie one behind the other; ``offsets`` is ``(n + 1,)``."""
        return cls(items, offsets[:-1], np.diff(offsets), times)

    @classmethod
    def from_lists(cls, rows: Iterable[Sequence[int]]) -> Sequences:
        """Rows given as lists of dense ids."""
        arrays = [np.asarray(row, dtype=np.int32) for row in rows]
        lengths = np.array([len(a) for a in arrays], dtype=np.int64)
        items = np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int32)
        return cls(items.astype(np.int32, copy=False), np.cumsum(lengths) - lengths, lengths)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, row: int) -> NDArray[np.int32]:
        start = self.starts[row]
        cut: NDArray[np.int32] = self.items[start : start + self.lengths[row]]
        return cut

    @property
    def total(self) -> int:
        """Items in all rows together."""
        return int(self.lengths.sum())

    def take(self, rows: ArrayLike) -> Sequences:
        """The given rows, in the given order; nothing is copied but starts and lengths."""
        index = np.asarray(rows)
        return replace(self, starts=self.starts[index], lengths=self.lengths[index])

    def first(self, counts: ArrayLike) -> Sequences:
        """Each row cut to its oldest ``counts`` items (one number, or one for each row)."""
        return replace(self, lengths=np.minimum(self.lengths, np.asarray(counts, dtype=np.int64)))

    def last(self, count: int) -> Sequences:
        """Each row cut to its newest ``count`` items."""
        lengths = np.minimum(self.lengths, count)
        return replace(self, starts=self.starts + self.lengths - lengths, lengths=lengths)

    def drop_last(self, count: int) -> Sequences:
        """Each row without its newest ``count`` items."""
        return replace(self, lengths=np.maximum(self.lengths - count, 0))

    def places(self) -> NDArray[np.int64]:
        """Where each item of each row lies in ``items``, row by row, ``(total,)``."""
        ends = np.cumsum(self.lengths)
        shift = np.repeat(self.starts - (ends - self.lengths), self.lengths)
        places: NDArray[np.int64] = np.arange(self.total, dtype=np.int64) + shift
        return places

    def owners(self) -> NDArray[np.int64]:
        """The row that each item of :meth:`flat` belongs to, ``(total,)``."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    def flat(self) -> NDArray[np.int32]:
        """All items of all rows, row by row, ``(total,)``."""
        taken: NDArray[np.int32] = np.take(self.items, self.places())
        return taken

    def counts(self, num_items: int) -> NDArray[np.int64]:
        """How often each item occurs in the rows, ``(num_items,)``."""
        return np.bincount(self.flat(), minlength=num_items).astype(np.int64)

    def padded(self, width: int | None = None) -> NDArray[np.int32]:
        """Right-padded with zeros to ``(n, width)``; the newest ``width`` items are kept (default: the longest row)."""
        wide = int(self.lengths.max(initial=0)) if width is None else width
        rows = self.last(wide)
        out = np.zeros((len(rows), wide), dtype=np.int32)
        out[np.arange(wide) < rows.lengths[:, None]] = rows.flat()
        return out
