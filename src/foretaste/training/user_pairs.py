"""Batches in which every user counts alike, as AlphaRec's released code draws them."""

from __future__ import annotations

import numpy as np

from foretaste.data.sequences import Sequences
from foretaste.training.batches import Block
from foretaste.training.pairs import PairBatches


class UserPairBatches(PairBatches):
    """As many draws an epoch as there are interactions: each takes the next user in turn, and one item of theirs.

    Args:
        train: Training sequences, one row for each user.
        size: Interactions in a batch; a last, smaller one is left out where there is another.
        seed: Seed of the draws and of their order.
    """

    def __init__(self, train: Sequences, *, size: int, seed: int) -> None:
        super().__init__(train, size=size, seed=seed)
        active = train.lengths > 0
        self.begins, self.lengths = (np.cumsum(train.lengths) - train.lengths)[active], train.lengths[active]

    def epoch(self, number: int) -> list[Block]:
        """The drawn interactions of every batch of an epoch; a function of the number alone."""
        rng = np.random.default_rng([self.seed, number])
        turn = np.arange(len(self)) % len(self.begins)
        drawn = self.begins[turn] + (rng.random(len(self)) * self.lengths[turn]).astype(np.int64)
        order = rng.permutation(drawn)
        batches = max(1, len(order) // self.size)
        return [order[n * self.size : (n + 1) * self.size] for n in range(batches)]
