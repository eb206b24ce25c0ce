"""CITIES: vectors of tail items inferred from the items around them (Jang et al., ICDM 2020, arXiv 2105.10868).

A network reads what stands left and right of an item in a few histories and tells the vector that a trained sequence
model has for it. It learns on head items, whose vectors can be trusted; the vectors of tail items are then replaced by
what it tells of them. The sequence model itself stays as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretaste.core.config import option
from foretaste.data.contexts import Contexts
from foretaste.models.base import Trainable, as_tensor
from foretaste.models.sequence import blocks_of_like_length
from foretaste.nn.post_norm import PostNormEncoder

BLOCK_TOKENS = 2_048
"""Places of contexts encoded at once: few enough that contexts of like length find together."""

BLOCK_ITEMS = 1_024
"""Items inferred at once."""


@dataclass(frozen=True)
class ContextNetConfig:
    """Keys of the network that reads contexts."""

    side: int = option(24, "Neighbours of a context on each side at the most.", paper="24 in the code", low=1)
    contexts: int = option(10, "Contexts of an item that training draws at the most.", paper="10", low=1)
    layers: int = option(2, "Layers over a context, and again over the contexts of an item.", paper="2", low=1)
    heads: int = option(4, "Attention heads; must divide dim.", paper="4", low=1)
    inner: int = option(256, "Width of the feed-forward layers.", low=1)
    dropout: float = option(0.1, "Dropout rate.", low=0, high=0.99)


@dataclass(frozen=True)
class ContextBatch:
    """Some items and the contexts from which each is told.

    Attributes:
        blocks: Contexts of like lengths: items ``(M, T)``, lengths ``(M,)``, and where the item told stands ``(M,)``.
        slots: Where each context, block after block, goes in a grid of ``B × width``, ``(sum M,)``.
        sizes: Contexts of each item, at least 1, ``(B,)``.
        targets: The items, ``(B,)``.
    """

    blocks: tuple[tuple[Tensor, Tensor, Tensor], ...]
    slots: Tensor
    sizes: Tensor
    targets: Tensor
    width: int

    @classmethod
    def of(
        cls, contexts: Contexts, items: NDArray[np.int64], rows: NDArray[np.int64], owners: NDArray[np.int64]
    ) -> ContextBatch:
        """The batch of these items.

        Args:
            contexts: Contexts of all items.
            items: The items, ``(B,)``.
            rows: Numbers of the contexts to read, those of one item behind each other.
            owners: For each of them a place in ``items``; every item has one or more.
        """
        sizes = np.bincount(owners, minlength=len(items))
        width = int(sizes.max())
        slots = owners * width + np.arange(len(rows)) - (np.cumsum(sizes) - sizes)[owners]
        taken, centres = contexts.rows.take(rows), contexts.centres[rows]
        order = list(blocks_of_like_length(taken.lengths, BLOCK_TOKENS))
        blocks = tuple(
            (as_tensor((block := taken.take(index)).padded()), as_tensor(block.lengths), as_tensor(centres[index]))
            for index in order
        )
        return cls(blocks, as_tensor(slots[np.concatenate(order)]), as_tensor(sizes), as_tensor(items), width)

    def to(self, device: torch.device | str) -> ContextBatch:
        """The same batch on another device."""
        blocks = tuple((items.to(device), lengths.to(device), at.to(device)) for items, lengths, at in self.blocks)
        return ContextBatch(blocks, self.slots.to(device), self.sizes.to(device), self.targets.to(device), self.width)


class ContextNet(nn.Module, Trainable):
    """Tells an item's vector from its contexts.

    A neighbour enters as its frozen vector times a learnt scalar of its position, plus a sinusoid of the position
    times another scalar; the item itself as a learnt mask. One post-norm encoder turns a context into the mean of its
    states, a second one mixes the contexts of an item, and a linear map of their mean is the answer. Vectors are
    measured in units of their own size, so that scalars and learning rate mean the same whatever table is read.

    Args:
        dim: Width of item vectors.
        config: Keys.
    """

    vectors: Tensor
    unit: Tensor
    waves: Tensor

    def __init__(self, dim: int, config: ContextNetConfig) -> None:
        super().__init__()
        self.side = config.side
        places = 2 * config.side + 1
        self.scales = nn.Parameter(torch.ones(places))
        self.wave_scale = nn.Parameter(torch.ones(()))
        self.mask = nn.Parameter(torch.randn(dim))
        self.within, self.across = (
            PostNormEncoder(dim, config.layers, config.heads, config.inner, config.dropout) for _ in range(2)
        )
        self.out = nn.Linear(dim, dim)
        self.register_buffer("waves", sinusoids(places, dim), persistent=False)
        self.register_buffer("vectors", torch.empty(0, dim), persistent=False)
        self.register_buffer("unit", torch.ones(()), persistent=False)

    def read(self, vectors: Tensor, heads: NDArray[np.int64]) -> None:
        """Takes the vectors of the trained model, ``(num_items, d)``, and the size of those of the head items."""
        self.vectors = vectors.detach().clone().to(self.waves.device)
        self.unit = self.vectors[torch.from_numpy(heads).to(self.waves.device)].square().mean().sqrt().clamp_min(1e-12)

    def forward(self, batch: ContextBatch) -> Tensor:
        """The mean square of the error, in units of the vectors' own mean square."""
        return (self.tell(batch) - self.vectors[batch.targets] / self.unit).square().mean()

    def tell(self, batch: ContextBatch) -> Tensor:
        """What the contexts tell of each item, in units of the vectors' size, ``(B, d)``."""
        each = torch.cat([self.context(*block) for block in batch.blocks])
        grid = each.new_zeros(len(batch.sizes) * batch.width, each.shape[1]).index_copy(0, batch.slots, each)
        return self.out(_pooled(self.across, grid.view(len(batch.sizes), batch.width, -1), batch.sizes))  # type: ignore[no-any-return]

    def context(self, items: Tensor, lengths: Tensor, centres: Tensor) -> Tensor:
        """One vector for each context: ``(M, T)``, ``(M,)`` and ``(M,)`` → ``(M, d)``."""
        away = torch.arange(items.shape[1], device=items.device) - centres[:, None]
        places = (away + self.side).clamp(0, 2 * self.side)
        vectors = torch.where((away == 0)[:, :, None], self.mask, self.vectors[items] / self.unit)
        placed = vectors * self.scales[places][:, :, None] + self.wave_scale * self.waves[places]
        return _pooled(self.within, placed, lengths)

    @torch.no_grad()
    def infer(self, contexts: Contexts, items: NDArray[np.int64], most: int | None = None) -> Tensor:
        """The vectors of items that have contexts, from all of them or the first ``most``, ``(n, d)``."""
        self.eval()
        told = []
        for block in np.split(items, np.arange(BLOCK_ITEMS, len(items), BLOCK_ITEMS)):
            rows, owners = contexts.of(block, most)
            if len(rows):
                told.append(self.tell(ContextBatch.of(contexts, block, rows, owners).to(self.waves.device)))
        return torch.cat(told) * self.unit if told else self.vectors[:0]


def sinusoids(places: int, dim: int) -> Tensor:
    """Sines and cosines of each place (Vaswani et al. 2017, section 3.5), ``(places, dim)``."""
    pairs = torch.arange(0, dim, 2) / dim
    angles = torch.arange(places)[:, None] * torch.exp(-math.log(10_000.0) * pairs)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :dim]


def _pooled(encoder: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
    """The mean of the states of real places: ``(M, T, d)`` and ``(M,)`` → ``(M, d)``."""
    real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
    allowed = None if bool(real.all()) else real[:, None, None, :]
    states = encoder(x, allowed).masked_fill(~real[:, :, None], 0.0)
    return states.sum(1) / lengths[:, None]  # type: ignore[no-any-return]
