"""Batches of several data sets in one epoch, each batch of one of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foretaste.models.together import PartBatch
from foretaste.training.batches import Block
from foretaste.training.pairs import PairBatches


class TogetherBatches:
    """Every batch of every data set once an epoch, shuffled.

    Args:
        parts: Batches of each.
        seed: Seed of the order.
    """

    def __init__(self, parts: Sequence[PairBatches], *, seed: int) -> None:
        self.parts, self.seed = list(parts), seed
        self.begins = np.cumsum([0, *(len(part) for part in parts)])

    def epoch(self, number: int) -> list[Block]:
        """Interactions of every batch, counted through all data sets; a function of the number alone."""
        blocks = [
            block + begin
            for part, begin in zip(self.parts, self.begins, strict=False)
            if len(part)
            for block in part.epoch(number)
        ]
        order = np.random.default_rng([self.seed, number, 1]).permutation(len(blocks))
        return [blocks[place] for place in order]

    def batch(self, block: Block) -> PartBatch:
        """The batch of these interactions, which are of one data set."""
        part = int(np.searchsorted(self.begins, block[0], side="right")) - 1
        return PartBatch(part, self.parts[part].batch(block - self.begins[part]))
