"""The common body of MF and LightGCN: one vector for each user, one for each item, trained on single interactions.

The two differ in how the vectors come from the weights, and in what a history says of its user.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever, Trainable, Users, as_tensor
from foretaste.nn.batch import PairBatch
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss

SCORING_ROWS = 4096
"""Users placed at once when scoring; bounds the memory of :meth:`PairModel.user_vectors`."""


class PairModel(Retriever, Trainable):
    """Knows its users by id, and places strangers by their histories.

    Args:
        users: Free vectors of the users.
        items: Free vectors of the items.
        loss: Loss over the catalogue; None for a network that will only score.
        l2: Weight of the squared norm of the free vectors that a batch looks at (LightGCN, eq. 15).
        cosine: Whether scores are cosines; item vectors then have length 1, and a user's length does not matter.
    """

    knows_users = True

    def __init__(
        self, users: IdTable, items: IdTable, loss: CatalogueLoss | None, *, l2: float = 0.0, cosine: bool = False
    ) -> None:
        super().__init__()
        self.users, self.items, self.loss = users, items, loss
        self.l2, self.cosine, self.num_items = l2, cosine, items.num_items
        self.sizes = {"num_users": users.num_items, "num_items": items.num_items}
        self._scoring: tuple[Tensor, Tensor] | None = None
        self.register_load_state_dict_post_hook(lambda module, _: module.forget())  # type: ignore[no-untyped-call]

    @abstractmethod
    def representations(self) -> tuple[ItemRepresentation, ItemRepresentation]:
        """Users and items as the loss compares them."""

    @abstractmethod
    def place(self, histories: Sequences, users: Tensor) -> Tensor:
        """Vectors ``(n, d)`` of users with these histories.

        Args:
            histories: ``n`` rows; a stranger without any item gets a zero vector, so that all items tie.
            users: Dense user ids, ``-1`` for a stranger, ``(n,)`` int64.
        """

    def forward(self, batch: PairBatch) -> Tensor:
        if self.loss is None:
            raise RuntimeError("this network was built for scoring: it has no loss")
        self.forget()
        users, items = self.representations()
        if not self.l2:
            return self.loss(users(batch.users), batch.items, batch.users, items)
        users, items = Penalised(users, self.users), Penalised(items, self.items)
        loss = self.loss(users(batch.users), batch.items, batch.users, items)
        return loss + self.l2 / 2 * (users.squares + items.squares) / len(batch.users)

    def prepare(self) -> None:
        with torch.inference_mode():
            users, items = (side.table().detach() for side in self.representations())
            self._scoring = (users, F.normalize(items, dim=-1) if self.cosine else items)

    def forget(self) -> None:
        """Drops what :meth:`prepare` computed: the weights are about to change."""
        self._scoring = None

    def scoring_tables(self) -> tuple[Tensor, Tensor]:
        """Vectors of all users and all items as they are compared when scoring."""
        if self._scoring is None:
            self.prepare()
        assert self._scoring is not None
        return self._scoring

    def item_vectors(self) -> Tensor:
        return self.scoring_tables()[1]

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        table = self.scoring_tables()[0]
        vectors = torch.empty(len(histories), table.shape[1], device=table.device)
        ids = torch.full((len(histories),), -1) if users is None else as_tensor(users)
        with torch.inference_mode():
            for rows in torch.split(torch.arange(len(ids)), SCORING_ROWS):
                placed = self.place(histories.take(rows.numpy()), ids[rows].to(table.device))
                vectors[rows.to(table.device)] = placed
        return vectors


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
