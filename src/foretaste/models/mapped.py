"""A sequence model that matches something else than what it reads.

SASRec reads item vectors and scores with the same ones. Some systems do not: UniSRec reads vectors of any length and
scores with cosines, FDSA reads items and features side by side and scores with items alone. Here a map is put on the
states, and keys are made of the item representation; training and scoring then use these two.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import Users
from foretaste.models.sequence import SequenceModel, SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.text_items import Views

Keys = Callable[[ItemRepresentation], ItemRepresentation]
"""What a model reads → what its states are compared with."""


def as_read(items: ItemRepresentation) -> ItemRepresentation:
    """Keys that are the item vectors themselves."""
    return items


def first_view(items: ItemRepresentation) -> ItemRepresentation:
    """Keys that are the first of several views."""
    assert isinstance(items, Views)
    view = items.views[0]
    assert isinstance(view, ItemRepresentation)
    return view


class MappedLoss(nn.Module):
    """A loss over mapped states and keys.

    Args:
        inner: The loss over the catalogue.
        query: Maps states, ``(N, d)`` → ``(N, k)``.
        keys: Makes keys of width ``k`` from the item representation.
    """

    def __init__(self, inner: CatalogueLoss, query: nn.Module, keys: Keys) -> None:
        super().__init__()
        self.inner, self.query, self.keys = inner, query, keys
        self.whole: bool = getattr(inner, "whole", False)

    def forward(self, states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation) -> Tensor:
        return self.inner(self.query(states), targets, users, self.keys(items))


class MappedRecommender(SequenceModel):
    """A sequence model that scores with mapped states and keys.

    Args:
        model: The sequence model; its loss is a :class:`MappedLoss` with the same map and keys.
        query: Maps states, ``(n, d)`` → ``(n, k)``.
        keys: Makes keys of width ``k`` from the item representation.
        sizes: What its recipe has to know to build it again.
    """

    def __init__(
        self, model: SequenceRecommender, query: nn.Module, keys: Keys, *, sizes: dict[str, int] | None = None
    ) -> None:
        super().__init__()
        self.model, self.query, self.keys, self.sizes = model, query, keys, sizes or {}
        self.num_items, self.max_len = model.num_items, model.max_len
        self._table: Tensor | None = None

    def forward(self, batch: SequenceBatch) -> Tensor:
        loss: Tensor = self.model(batch)
        return loss

    def prepare(self) -> None:
        """Folds everything item-sided into one table, which is kept until the next change of mode.

        Items that came later are folded alone and appended.
        """
        kept = self._table
        if kept is not None and len(kept) < self.num_items:
            later = torch.arange(len(kept), self.num_items, device=kept.device)
            with torch.no_grad():
                self._table = torch.cat([kept, self.keys(self.model.items)(later)])
            return
        self._table = None
        self._table = self.item_vectors()

    def train(self, mode: bool = True) -> MappedRecommender:
        """A change of mode, also to evaluation, forgets the table: weights may have changed."""
        self._table = None
        super().train(mode)
        return self

    def item_vectors(self) -> Tensor:
        return self.keys(self.model.items).table().detach() if self._table is None else self._table

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        with torch.no_grad(), self.model.items.once():
            mapped: Tensor = self.query(self.model.user_vectors(histories, users))
        empty = torch.from_numpy(histories.lengths == 0).to(mapped.device)
        return mapped.masked_fill(empty[:, None], 0.0)


class UnitItems(ItemRepresentation):
    """Item vectors at length 1, so that an inner product with them goes by direction.

    Args:
        items: Vectors of any length.
    """

    def __init__(self, items: ItemRepresentation) -> None:
        super().__init__()
        self.items = items
        self.num_items, self.dim = items.num_items, items.dim

    def forward(self, ids: Tensor) -> Tensor:
        return F.normalize(self.items(ids), dim=-1)

    def table(self) -> Tensor:
        return F.normalize(self.items.table(), dim=-1)


class UnitStates(nn.Module):
    """States at length ``1 / temperature``: with :class:`UnitItems`, scores are cosines over a temperature."""

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, states: Tensor) -> Tensor:
        """``(N, d)`` → ``(N, d)``."""
        return F.normalize(states, dim=-1) / self.temperature
