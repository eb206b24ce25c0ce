"""Batches of interactions for models that are trained on (user, item) pairs.

The order of an epoch depends only on the seed and the epoch's number, so that a resumed run goes on where it stopped.
"""

from __future__ import annotations

import numpy as np

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.nn.batch import PairBatch
from foretaste.training.batches import Block


class PairBatches:
    """All training interactions, shuffled anew for each epoch.

    Args:
        train: Training sequences, one row for each user.
        size: Interactions in a batch; batches differ by at most one, so none is a small remainder.
        seed: Seed of the order.
    """

    def __init__(self, train: Sequences, *, size: int, seed: int) -> None:
        self.users, self.items = train.owners().astype(np.int32), train.flat()
        self.size, self.seed = size, seed

    def __len__(self) -> int:
        return len(self.items)

    def epoch(self, number: int) -> list[Block]:
        """The interactions of every batch of an epoch; a function of the number alone."""
        order = np.random.default_rng([self.seed, number]).permutation(len(self))
        return np.array_split(order, max(1, -(-len(self) // self.size)))

    def batch(self, block: Block) -> PairBatch:
        """The batch of these interactions."""
        return PairBatch(as_tensor(self.users[block]), as_tensor(self.items[block]))
