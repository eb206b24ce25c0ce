"""Items that a trained network has never seen: text is their own, all else is borrowed from items of like text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class NewItems:
    """What is known of ``n`` new items.

    Attributes:
        text: Text vectors as the network reads them, ``(n, D)``.
        near: Known items of like text, ``(n, m)`` int64.
        weights: Weights of those, ``(n, m)``; each row sums to 1, or is zero where nothing shall be borrowed.
    """

    text: Tensor
    near: Tensor
    weights: Tensor

    def __len__(self) -> int:
        return len(self.text)

    @classmethod
    def of(cls, text: Tensor, known: Tensor, *, neighbours: int, borrow: bool = True) -> NewItems:
        """New items with their neighbours among the known ones.

        Args:
            text: Text vectors of the new items, ``(n, D)``.
            known: Text vectors of the known ones, ``(V, D)``.
            neighbours: Known items of greatest cosine that a new item borrows from, in equal parts.
            borrow: Whether it does; else its borrowed rows are zero.
        """
        count = min(neighbours, len(known))
        lengths = torch.linalg.vector_norm(known, dim=1, dtype=torch.float32).clamp_min(1e-12)
        cosines = F.normalize(text.float(), dim=1) @ known.float().T / lengths
        near = cosines.topk(count, dim=1).indices
        weights = torch.full(near.shape, 1.0 / count if borrow else 0.0)
        return cls(text.float(), near, weights.to(text.device))

    def borrowed(self, table: Tensor) -> Tensor:
        """Vectors for the new items, ``(V, d)`` → ``(n, d)``: directions are means over neighbours, lengths too.

        A mean of vectors that differ is short, and as a score grows with the length, a new item would never be
        recommended: on amazon_scientific its HR@10 under LLM2X is .019 with the plain mean and .055 with this.
        """
        rows = table.detach()[self.near.to(table.device)]
        weights = self.weights.to(rows)
        mean = torch.einsum("nm,nmd->nd", weights, rows)
        length: Tensor = (weights * rows.norm(dim=-1)).sum(1, keepdim=True)
        return F.normalize(mean, dim=1) * length


@runtime_checkable
class Growing(Protocol):
    """A module that has a row for each item, and can append rows for new ones.

    Where the rows are the items' text vectors, they are called ``vectors``.
    """

    def grow(self, new: NewItems) -> None:
        """Appends a row for each new item; rows of known items stay as they are."""


def growing(network: nn.Module) -> Iterator[Growing]:
    """The modules of a network that have a row for each item."""
    return (module for module in network.modules() if isinstance(module, Growing))


def grow(network: nn.Module, new: NewItems) -> None:
    """Appends new items to every module of a network that has a row for each item.

    Args:
        network: Anything whose modules say ``num_items``.
        new: The items; they get the dense ids from ``num_items`` upwards.
    """
    for module in growing(network):
        module.grow(new)
    known = network.num_items
    for part in network.modules():
        if getattr(part, "num_items", None) == known:
            part.num_items = known + len(new)  # type: ignore[assignment, operator]
