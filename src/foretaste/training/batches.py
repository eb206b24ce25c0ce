"""Batches of sequences: right-padded, of like lengths, cut by a budget of items; no Python loop over users.

The order of an epoch depends only on the seed and the epoch's number, so that a resumed run goes on where it stopped.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.nn.batch import SequenceBatch

Block = NDArray[np.int64]

WINDOW = 64
"""Batches whose rows are sorted by length together: padding falls to a few per cent, the order stays random."""


class Movable(Protocol):
    """A batch of any kind."""

    def to(self, device: torch.device | str) -> Any:
        """The same batch on another device."""


class Batches(Protocol):
    """What the loop asks of a source of batches."""

    def epoch(self, number: int) -> list[Block]:
        """The row indices of every batch of an epoch; a function of the number alone."""

    def batch(self, block: Block) -> Movable:
        """The batch of these rows."""


class SequenceBatches:
    """Batches for sequence models.

    Args:
        train: Training sequences, one row for each user.
        max_len: Longest input. A longer row is cut into windows of ``max_len + 1`` items that share one item, so
            that every item but the first is a target once; with ``recent_only`` only the newest window is kept.
        tokens: Items in a batch, padding included.
        seed: Seed of the order.
        recent_only: Whether the papers' rule is followed: targets older than the newest window are dropped.
    """

    def __init__(self, train: Sequences, *, max_len: int, tokens: int, seed: int, recent_only: bool = False) -> None:
        rows, self.users = _windows(train, max_len, recent_only)
        self.rows, self.tokens, self.seed = rows, tokens, seed
        self.targets = int((rows.lengths - 1).sum())

    def epoch(self, number: int) -> list[Block]:
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(len(self.rows))
        mean = max(1.0, float(self.rows.lengths.mean()))
        pool = max(1, int(WINDOW * self.tokens / mean))
        pools = np.arange(len(order)) // pool
        order = order[np.lexsort((self.rows.lengths[order], pools))]
        cuts = _cut(self.rows.lengths[order], pools, self.tokens)
        blocks = np.split(order, cuts)
        return [blocks[i] for i in rng.permutation(len(blocks))]

    def batch(self, block: Block) -> SequenceBatch:
        rows = self.rows.take(block)
        return SequenceBatch(as_tensor(rows.padded()), as_tensor(rows.lengths), as_tensor(self.users[block]))


def _windows(train: Sequences, max_len: int, recent_only: bool) -> tuple[Sequences, Block]:
    """Rows of 2 to ``max_len + 1`` items, and the user of each."""
    users = np.flatnonzero(train.lengths >= 2).astype(np.int64)
    rows = train.take(users)
    if recent_only:
        return rows.last(max_len + 1), users
    count = -(-(rows.lengths - 1) // max_len)
    owner = np.repeat(np.arange(len(rows)), count)
    back = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    ends = rows.lengths[owner] - back * max_len
    begins = np.maximum(ends - max_len - 1, 0)
    cut = Sequences(train.items, rows.starts[owner] + begins, ends - begins, train.times)
    return cut, users[owner]


def _cut(lengths: Block, pools: Block, tokens: int) -> list[int]:
    """Places at which sorted rows are cut so that rows × longest stays within the budget."""
    cuts: list[int] = []
    start, size = 0, len(lengths)
    pool_ends = np.append(np.flatnonzero(np.diff(pools)) + 1, size)
    for end in pool_ends:
        while start < end:
            widths = lengths[start:end]
            fits = np.searchsorted(widths * np.arange(1, len(widths) + 1), tokens, side="right")
            start += max(1, int(fits))
            if start < size:
                cuts.append(start)
    return cuts
