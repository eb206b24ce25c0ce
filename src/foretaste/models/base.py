"""What every recommender answers: given histories, a score for every item.

A :class:`Scorer` is a torch module, so that its ``state_dict`` is all there is to save. A :class:`Retriever` scores by
an inner product of a user vector and an item vector, so that an index can serve it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretaste.data.sequences import Sequences

Users = NDArray[np.int64] | None
"""Dense user ids beside histories, or None when the users are strangers."""


class Scorer(nn.Module, ABC):
    """Scores the whole catalogue for histories of dense item ids."""

    num_items: int

    @abstractmethod
    def score(self, histories: Sequences, users: Users = None) -> Tensor:
        """Scores of all items, ``(n, num_items)`` float32; call it with blocks of rows, never with all users.

        Args:
            histories: ``n`` histories, oldest item first; a row may be empty.
            users: Dense ids of the users, ``-1`` for a stranger; None when all are strangers.
        """

    def prepare(self) -> None:
        """Called once before scoring begins; computes what does not depend on the histories."""


class Retriever(Scorer):
    """A scorer whose scores are inner products.

    Attributes:
        inner_product: Whether the scores are those products alone; a model that adds to them in ``score`` says no.
    """

    @property
    def inner_product(self) -> bool:
        return True

    @abstractmethod
    def item_vectors(self) -> Tensor:
        """One vector for each item, ``(num_items, d)`` float32, everything item-sided folded in."""

    @abstractmethod
    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        """One vector for each history, ``(n, d)`` float32; rows may be many, memory stays bounded."""

    def score(self, histories: Sequences, users: Users = None) -> Tensor:
        return self.user_vectors(histories, users) @ self.item_vectors().T


class Trainable(ABC):
    """A network that the training loop can train: calling it with a batch gives the loss to minimise."""

    @abstractmethod
    def forward(self, batch: Any) -> Tensor:
        """The mean loss of a batch, a scalar; randomness comes from torch's default generator only."""


@runtime_checkable
class EpochAware(Protocol):
    """A network that does something at the start of each epoch.

    What it computes then must live in buffers, so that a run resumed inside the epoch finds it in the checkpoint.
    """

    def begin_epoch(self, epoch: int, epochs: int) -> None:
        """Called before the first batch of epoch ``epoch`` (from 0) of at most ``epochs``."""


def no_padding(tensor: Tensor, mask: Tensor) -> Tensor:
    """Rows of ``(B, T, d)`` where ``mask`` ``(B, T)`` is true, as ``(N, d)``."""
    return tensor[mask]


def as_tensor(array: NDArray[Any]) -> Tensor:
    """An int64 tensor of a numpy array."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64))
