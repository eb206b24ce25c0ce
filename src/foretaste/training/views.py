"""Batches of two views of each item, for contrastive fine-tuning."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from foretaste.models.scft import ViewBatch
from foretaste.text.views import AttributeViews
from foretaste.training.batches import WINDOW, Block


class ViewBatches:
    """Items in batches of like length, with two fresh views of each in every epoch.

    A row of a block says item and epoch in one number, so that a batch is a function of its block alone.

    Args:
        views: Draws the views.
        items: Dense ids of the items to train on, ``(n,)``.
        groups: Items with equal numbers are the same thing twice, ``(V,)``.
        size: Items in a batch; batches differ by at most one, so none is a small remainder.
        seed: Seed of the order.
    """

    def __init__(self, views: AttributeViews, items: Block, groups: NDArray[np.int64], *, size: int, seed: int) -> None:
        self.views, self.items, self.groups, self.size, self.seed = views, items, groups, size, seed
        self.lengths = views.full_lengths()

    def epoch(self, number: int) -> list[Block]:
        """The items of every batch of an epoch, each as ``epoch · V + item``; a function of the number alone."""
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(self.items)
        order = order[np.lexsort((self.lengths[order], np.arange(len(order)) // (WINDOW * self.size)))]
        blocks = np.array_split(order + number * len(self.views), max(1, -(-len(order) // self.size)))
        return [blocks[i] for i in rng.permutation(len(blocks))]

    def batch(self, block: Block) -> ViewBatch:
        """Both views of these items."""
        epochs, items = np.divmod(block, len(self.views))
        return view_batch(self.views, items, epochs, self.groups)


def view_batch(views: AttributeViews, items: Block, epochs: Block | int, groups: NDArray[np.int64]) -> ViewBatch:
    """Both views of each item; arguments as of :meth:`~foretaste.text.views.AttributeViews.choose`."""
    pairs = [views.batch(items, epochs, view) for view in (0, 1)]
    width = max(tokens.shape[1] for tokens, _ in pairs)
    pads = [((0, 0), (0, width - tokens.shape[1])) for tokens, _ in pairs]
    tokens = [np.pad(ids, pad, constant_values=views.pad) for (ids, _), pad in zip(pairs, pads, strict=True)]
    return ViewBatch(
        torch.from_numpy(np.concatenate(tokens)),
        torch.from_numpy(np.concatenate([lengths for _, lengths in pairs])),
        torch.from_numpy(groups[items]),
        torch.from_numpy(np.stack([views.content(items, epochs, view) for view in (0, 1)])),
    )
