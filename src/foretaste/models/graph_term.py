"""What is added to the loss of a network over a graph."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from torch import Tensor, nn

from foretaste.nn.batch import PairBatch
from foretaste.nn.smoothing import Smoothed

if TYPE_CHECKING:
    from foretaste.models.lightgcn import LightGCN


class GraphTerm(nn.Module, ABC):
    """One term beside the recommendation loss of a network over a graph.

    What it learns are parameters of its own; they stay behind when the model is saved.
    """

    @abstractmethod
    def forward(self, model: LightGCN, batch: PairBatch, users: Smoothed, items: Smoothed) -> Tensor:
        """The term for one batch, a scalar, its weight included.

        Args:
            model: The network.
            batch: The interactions.
            users: The propagation that the recommendation loss looks at, users' side.
            items: Items' side.
        """

    def begin_epoch(self, epoch: int) -> None:
        """Called before the first batch of an epoch, from 0."""
