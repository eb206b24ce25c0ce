"""The common body of MF and LightGCN: one free vector for each user, one for each item, trained on single interactions.

The two differ in how the vectors come from the weights, and in what a history says of its user.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.two_sided import TwoSided
from foretaste.nn.batch import PairBatch
from foretaste.nn.growth import NewItems
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss


class PairModel(TwoSided):
    """Knows its users by id, and places strangers by their histories.

    Args:
        users: Free vectors of the users, or what else they begin with.
        items: The same of the items.
        loss: Loss over the catalogue; None for a network that will only score.
        l2: Weight of the squared norm of the free vectors that a batch looks at (LightGCN, eq. 15).
        cosine: Whether scores are cosines; item vectors then have length 1, and a user's length does not matter.
    """

    knows_users = True

    def __init__(
        self,
        users: ItemRepresentation,
        items: ItemRepresentation,
        loss: CatalogueLoss | None,
        *,
        l2: float = 0.0,
        cosine: bool = False,
    ) -> None:
        super().__init__(items.num_items, loss, cosine=cosine)
        self.users, self.items, self.l2 = users, items, l2
        self.sizes = {"num_users": users.num_items, "num_items": items.num_items}

    def forward(self, batch: PairBatch) -> Tensor:
        if self.loss is None or not self.l2:
            return super().forward(batch)
        self.forget()
        return self.penalised_loss(self.loss, batch, self.representations(), (self.users, self.items))

    def penalised_loss(
        self,
        loss: CatalogueLoss,
        batch: PairBatch,
        compared: tuple[ItemRepresentation, ItemRepresentation],
        free: tuple[ItemRepresentation, ItemRepresentation],
    ) -> Tensor:
        """The loss of a batch and its share of the penalty, a scalar.

        Args:
            loss: Loss over the catalogue.
            batch: The interactions.
            compared: Users and items as the loss compares them.
            free: The free vectors behind them.
        """
        users, items = (Penalised(*pair) for pair in zip(compared, free, strict=True))
        value = loss(users(batch.users), batch.items, batch.users, items)
        return value + self.l2 / 2 * (users.squares + items.squares) / len(batch.users)


class UserTable(IdTable):
    """Free vectors of users: new items bring no new users."""

    def grow(self, new: NewItems) -> None:
        """Stays as it is."""


def free_tables(
    num_users: int, num_items: int, dim: int, *, std: float, sparse: bool = False
) -> tuple[IdTable, IdTable]:
    """Free vectors of users and of items."""
    users = UserTable(num_users, dim, std=std, sparse=sparse)
    return users, IdTable(num_items, dim, std=std, sparse=sparse)


class Penalised(ItemRepresentation):
    """A representation that adds up the squares of the free vectors behind everything that is looked up in it.

    Args:
        inner: What is looked up.
        free: The free vectors behind it, under the same ids.
    """

    def __init__(self, inner: ItemRepresentation, free: ItemRepresentation) -> None:
        super().__init__()
        self.inner, self.free = inner, free
        self.num_items, self.dim = inner.num_items, inner.dim
        self.squares: Tensor | float = 0.0

    def forward(self, ids: Tensor) -> Tensor:
        self.squares = self.squares + self.free(ids).square().sum()
        found: Tensor = self.inner(ids)
        return found

    def table(self) -> Tensor:
        self.squares = self.squares + self.free.table().square().sum()
        return self.inner.table()


class GivenTable(ItemRepresentation):
    """Vectors that were computed from others.

    Args:
        vectors: ``(num_items, dim)``.
    """

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.vectors = vectors
        self.num_items, self.dim = vectors.shape

    def forward(self, ids: Tensor) -> Tensor:
        return F.embedding(ids, self.vectors)

    def table(self) -> Tensor:
        return self.vectors


def distinct(histories: Sequences, num_items: int) -> Sequences:
    """The histories as sets: every item of a row once, in order of the ids."""
    pairs = np.unique(histories.owners() * num_items + histories.flat())
    lengths = np.bincount(pairs // num_items, minlength=len(histories))
    return Sequences((pairs % num_items).astype(np.int32), np.cumsum(lengths) - lengths, lengths)


def rows_or_zeros(table: Tensor, ids: Tensor) -> Tensor:
    """Rows of ``table`` ``(n, d)``, and zeros where the id is negative."""
    return table[ids.clamp_min(0)] * (ids >= 0)[:, None]
