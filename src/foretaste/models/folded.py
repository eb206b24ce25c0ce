"""A trained network that serves with more than it learnt: item vectors folded once, kept until it learns again."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, Self, runtime_checkable

import torch
from torch import Tensor

from foretaste.models.base import Retriever
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.items import ItemRepresentation


@runtime_checkable
class ScoresOthers(Protocol):
    """A network that compares its states with other vectors than those that it reads."""

    def scored(self) -> ItemRepresentation:
        """What states are compared with."""
        ...


class FoldedModel(Retriever):
    """What is put on a network's item vectors when serving, and the table that comes of it.

    Args:
        network: The network.
        sizes: What its recipe has to know to build it again.
    """

    def __init__(self, network: SequenceRecommender, sizes: dict[str, int] | None) -> None:
        super().__init__()
        self.network, self.num_items, self.sizes = network, network.num_items, sizes or {}
        self._table: Tensor | None = None

    @abstractmethod
    def folded(self, vectors: Tensor, rows: Tensor | slice) -> Tensor:
        """Vectors of some items as they are compared, ``(n, d)`` → ``(n, d')``.

        Args:
            vectors: As the network has them.
            rows: Which items they are.
        """

    def forget(self) -> None:
        """Drops the table: what is folded in is another now."""
        self._table = None

    def prepare(self) -> None:
        """Folds the item table, which holds until the network is trained again.

        Items that came later are folded alone and appended.
        """
        kept = self._table
        if kept is not None and len(kept) < self.num_items:
            later = torch.arange(len(kept), self.num_items, device=kept.device)
            items = self.network.scored() if isinstance(self.network, ScoresOthers) else self.network.items
            with torch.no_grad():
                self._table = torch.cat([kept, self.folded(items(later), later)])
            return
        self._table = None
        self._table = self.item_vectors()

    def train(self, mode: bool = True) -> Self:
        self._table = None if mode else self._table
        return super().train(mode)

    def item_vectors(self) -> Tensor:
        if self._table is not None and len(self._table) == self.num_items:
            return self._table
        return self.folded(self.network.item_vectors(), slice(None))
