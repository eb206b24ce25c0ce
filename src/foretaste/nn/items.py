"""Where an item's vector comes from. A sequence encoder sees vectors only, so any of these fits any backbone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.growth import NewItems


class ItemRepresentation(nn.Module, ABC):
    """Vectors of dense item ids.

    Attributes:
        num_items: Size of the catalogue.
        dim: Width of a vector.
    """

    num_items: int
    dim: int

    @abstractmethod
    def forward(self, ids: Tensor) -> Tensor:
        """Vectors of the given items: ``(…)`` int64 → ``(…, dim)``."""

    @abstractmethod
    def table(self) -> Tensor:
        """Vectors of all items, ``(num_items, dim)``."""

    @contextmanager
    def once(self) -> Iterator[None]:
        """Within it nothing is computed twice: the weights must not change. Calls may be nested."""
        yield


class IdTable(ItemRepresentation):
    """One free vector for each item.

    Args:
        num_items: Size of the catalogue.
        dim: Width of a vector.
        std: Standard deviation of the initial weights.
        start: Weights to start from instead of random ones, ``(num_items, dim)``.
        sparse: Whether gradients touch only the rows used; needs a loss with sampled negatives.
    """

    def __init__(
        self, num_items: int, dim: int, *, std: float = 0.02, start: Tensor | None = None, sparse: bool = False
    ) -> None:
        super().__init__()
        self.num_items, self.dim, self.sparse = num_items, dim, sparse
        self.weight = nn.Parameter(torch.randn(num_items, dim) * std if start is None else start.clone())

    def forward(self, ids: Tensor) -> Tensor:
        return F.embedding(ids, self.weight, sparse=self.sparse)

    def table(self) -> Tensor:
        return self.weight

    def grow(self, new: NewItems) -> None:
        """A new item borrows from the items nearest by text."""
        rows = torch.cat([self.weight.detach(), new.borrowed(self.weight)])
        self.weight = nn.Parameter(rows, requires_grad=self.weight.requires_grad)
