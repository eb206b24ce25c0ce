"""Batches of whole users, each a set of items, for models that read all of a user at once."""

from __future__ import annotations

import numpy as np

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.nn.batch import SetBatch
from foretaste.training.batches import Block


class SetBatches:
    """All users with items, shuffled anew for each epoch.

    Args:
        sets: The distinct items of each user.
        size: Items in a batch, on average: so many users as have that many together.
        seed: Seed of the order.
    """

    def __init__(self, sets: Sequences, *, size: int, seed: int) -> None:
        self.sets, self.users = sets, np.flatnonzero(sets.lengths)
        self.count, self.seed = max(1, -(-sets.total // size)), seed

    def __len__(self) -> int:
        return len(self.users)

    def epoch(self, number: int) -> list[Block]:
        """The users of every batch of an epoch; a function of the number alone."""
        order = np.random.default_rng([self.seed, number]).permutation(self.users)
        return np.array_split(order, max(1, min(self.count, len(order))))

    def batch(self, block: Block) -> SetBatch:
        """The batch of these users."""
        rows = self.sets.take(block)
        return SetBatch(as_tensor(rows.flat()), as_tensor(rows.lengths))
