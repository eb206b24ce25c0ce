"""Batches of items, each with a few contexts drawn at random: what CITIES learns from.

The order of an epoch depends only on the seed and the epoch's number; how many contexts and which ones is drawn from
torch's default generator, whose state a checkpoint holds.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from foretaste.data.contexts import Contexts
from foretaste.models.cities import ContextBatch
from foretaste.nn.draws import draw_distinct
from foretaste.training.batches import Block


class ContextBatches:
    """All given items once an epoch; those of a batch have the same number of contexts, as far as they have so many.

    Args:
        contexts: Contexts of all items.
        items: The items to learn from; each has contexts.
        size: Items in a batch.
        most: Contexts of an item at the most.
        seed: Seed of the order.
    """

    def __init__(self, contexts: Contexts, items: NDArray[np.int64], *, size: int, most: int, seed: int) -> None:
        self.contexts, self.items = contexts, items
        self.size, self.most, self.seed = size, most, seed

    def epoch(self, number: int) -> list[Block]:
        """The items of every batch of an epoch, as places in ``items``."""
        order = np.random.default_rng([self.seed, number]).permutation(len(self.items))
        return np.array_split(order, max(1, -(-len(order) // self.size)))

    def batch(self, block: Block) -> ContextBatch:
        """The batch of these items, with contexts drawn anew."""
        items = self.items[block]
        totals = torch.from_numpy(self.contexts.counts[items])
        sizes = totals.clamp_max(int(torch.randint(1, self.most + 1, ())))
        drawn, counts = draw_distinct(totals, sizes)
        rows = (torch.from_numpy(self.contexts.offsets[items])[:, None] + drawn)[counts].numpy()
        return ContextBatch.of(self.contexts, items, rows, np.repeat(np.arange(len(items)), sizes.numpy()))
