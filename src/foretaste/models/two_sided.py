"""A retriever whose two sides come from one forward pass over all users and items, trained on single interactions."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever, Trainable, Users, as_tensor
from foretaste.nn.batch import PairBatch
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss

SCORING_ROWS = 4096
"""Users placed at once when scoring; bounds the memory of :meth:`TwoSided.user_vectors`."""


class TwoSided(Retriever, Trainable):
    """Users and items side by side; whoever comes with a history is placed by it.

    Args:
        num_items: Size of the catalogue.
        loss: Loss over the catalogue; None for a network that will only score.
        cosine: Whether scores are cosines; item vectors then have length 1, and a user's length does not matter.
    """

    def __init__(self, num_items: int, loss: CatalogueLoss | None, *, cosine: bool = False) -> None:
        super().__init__()
        self.num_items, self.loss, self.cosine = num_items, loss, cosine
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
        return self.loss(users(batch.users), batch.items, batch.users, items)

    def prepare(self) -> None:
        with torch.inference_mode():
            users, items = (side.table().detach() for side in self.representations())
            self._scoring = (users, F.normalize(items, dim=-1) if self.cosine else items)

    def forget(self) -> None:
        """Drops what :meth:`prepare` computed: the weights are about to change."""
        self._scoring = None

    def scoring_tables(self) -> tuple[Tensor, Tensor]:
        """Vectors of all users and all items as they are compared when scoring."""
        if self._scoring is None or len(self._scoring[1]) < self.num_items:
            self.prepare()
        assert self._scoring is not None
        return self._scoring

    def item_vectors(self) -> Tensor:
        return self.scoring_tables()[1]

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        table = self.scoring_tables()[1]
        vectors = torch.empty(len(histories), table.shape[1], device=table.device)
        ids = torch.full((len(histories),), -1) if users is None else as_tensor(users)
        with torch.inference_mode():
            for rows in torch.split(torch.arange(len(ids)), SCORING_ROWS):
                placed = self.place(histories.take(rows.numpy()), ids[rows].to(table.device))
                vectors[rows.to(table.device)] = placed
        return vectors
