"""FDSA: feature-level deeper self-attention (Zhang et al., IJCAI 2019).

An item has a free vector and a feature vector; a history is read twice, by one encoder as items and by another as
features, and both last states together, through a linear map, are compared with the free vectors (eq. 11 and 12). The
feature vector is an attention over the item's attributes (eq. 2 and 3), which are in the paper category, brand and
text. Here a language model's vector of the whole text stands for the text, beside learnt vectors of those attributes
that the catalogue has.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.models.sequence import SequenceEncoder
from foretaste.nn.growth import NewItems
from foretaste.nn.items import ItemRepresentation


class Attribute(nn.Module):
    """Learnt vectors of an attribute's values; an item with several values has their mean.

    Args:
        num_items: Size of the catalogue.
        values: How many different values there are.
        widest: The most values that an item has.
        dim: Width of a vector.
        std: Standard deviation of the initial weights.
    """

    held: Tensor

    def __init__(self, num_items: int, values: int, widest: int, dim: int, *, std: float) -> None:
        super().__init__()
        self.register_buffer("held", torch.full((num_items, widest), -1))
        self.weight = nn.Parameter(torch.randn(values, dim) * std)

    def fill(self, held: Tensor) -> Attribute:
        """Takes over which values each item has, ``(num_items, widest)``, −1 where it has no more."""
        self.held.copy_(held)
        return self

    def grow(self, new: NewItems) -> None:
        """A new item has none of the values; its text speaks for it."""
        self.held = torch.cat([self.held, torch.full((len(new), self.held.shape[1]), -1).to(self.held)])

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors ``(n, dim)`` of items ``(n,)``, and which of them have the attribute, ``(n,)``."""
        held = self.held[ids]
        there = held >= 0
        vectors = F.embedding(held.clamp_min(0), self.weight) * there[..., None]
        return vectors.sum(-2) / there.sum(-1).clamp_min(1)[:, None], there.any(-1)


class Features(ItemRepresentation):
    """Feature vectors: an attention over the attributes that an item has, the text always among them.

    ``f_i = sum_a softmax_a(w·a) a``: the more telling attribute weighs more. The paper's bias beside ``w·a`` is the
    same for all attributes of an item, so the softmax takes it out again.

    Args:
        text: Text vectors at the width of an item vector.
        attributes: Further attributes.
    """

    def __init__(self, text: ItemRepresentation, attributes: Sequence[Attribute]) -> None:
        super().__init__()
        self.num_items, self.dim = text.num_items, text.dim
        self.text, self.attributes = text, nn.ModuleList(attributes)
        self.attention = nn.Linear(text.dim, 1, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        unique, place = torch.unique(ids, return_inverse=True)
        return F.embedding(place, self._mixed(unique))

    def table(self) -> Tensor:
        return self._mixed(torch.arange(self.num_items, device=self.attention.weight.device))

    def _mixed(self, ids: Tensor) -> Tensor:
        """``(n,)`` → ``(n, dim)``."""
        text = self.text(ids)
        found = [(text, torch.ones_like(ids, dtype=torch.bool)), *(attribute(ids) for attribute in self.attributes)]
        vectors = torch.stack([vector for vector, _ in found], dim=1)
        there = torch.stack([has for _, has in found], dim=1)
        scores = self.attention(vectors)[..., 0].masked_fill(~there, float("-inf"))
        mixed: Tensor = (scores.softmax(1)[:, None] @ vectors)[:, 0]
        return mixed


class TwoStreams(nn.Module):
    """Items and features side by side, each read by an encoder of its own: ``(B, T, 2d)`` → ``(B, T, 2d)``.

    Args:
        items: Encoder of the first half.
        features: Encoder of the second half.
    """

    def __init__(self, items: nn.Module, features: nn.Module) -> None:
        super().__init__()
        self.items, self.features = items, features

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States of both, side by side."""
        encoders: tuple[SequenceEncoder, SequenceEncoder] = (self.items, self.features)
        halves = x.chunk(2, dim=-1)
        return torch.cat(
            [encode(half.contiguous(), lengths) for encode, half in zip(encoders, halves, strict=True)], -1
        )
