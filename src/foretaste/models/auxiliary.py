"""Terms that a method adds to the loss of a sequence model: alignment, distillation, branches for the long tail."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

from foretaste.data.sequences import Sequences
from foretaste.models.base import Users
from foretaste.models.sequence import SequenceModel, SequenceRecommender
from foretaste.nn.batch import SequenceBatch


class AuxiliaryLoss(nn.Module, ABC):
    """One term beside the recommendation loss.

    What it must remember between steps lives in buffers; what it learns are parameters of its own.
    """

    @abstractmethod
    def forward(self, model: SequenceRecommender, batch: SequenceBatch) -> Tensor:
        """The term for one batch, a scalar, its weight included."""

    def begin_epoch(self, model: SequenceRecommender, epoch: int, epochs: int) -> None:
        """Called before the first batch of epoch ``epoch`` (from 0) of at most ``epochs``."""


class Regularised(SequenceModel):
    """A sequence model trained with further terms; it scores as the model alone, which is what is saved.

    Args:
        model: The sequence model.
        terms: What is added to its loss.
    """

    def __init__(self, model: SequenceRecommender, terms: Sequence[AuxiliaryLoss]) -> None:
        super().__init__()
        self.model, self.terms = model, nn.ModuleList(terms)
        self.num_items, self.max_len = model.num_items, model.max_len

    def begin_epoch(self, epoch: int, epochs: int) -> None:
        """Tells every term."""
        for term in self.terms:
            term.begin_epoch(self.model, epoch, epochs)  # type: ignore[operator]

    def forward(self, batch: SequenceBatch) -> Tensor:
        with self.model.step():
            loss = self.model.batch_loss(batch)
            for term in self.terms:
                loss = loss + term(self.model, batch)
        return loss

    def item_vectors(self) -> Tensor:
        return self.model.item_vectors()

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        return self.model.user_vectors(histories, users)

    def prepare(self) -> None:
        self.model.prepare()
