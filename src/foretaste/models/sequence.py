"""The common body of SASRec, GRU4Rec and every system that puts its items through a sequence encoder.

Items become vectors, an encoder turns vectors into states, and a state's inner product with an item's vector is the
score. Which representation, which encoder and which loss are parts handed in, so any of them fits any other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever, Trainable, Users, as_tensor
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.newest import newest_state

SCORING_TOKENS = 16_384
"""Places encoded at once when scoring; bounds the memory of :meth:`SequenceRecommender.user_vectors`."""


class SequenceEncoder(Protocol):
    """Vectors ``(B, T, d)`` and lengths ``(B,)`` → states ``(B, T, d)``."""

    def __call__(self, x: Tensor, lengths: Tensor) -> Tensor: ...


class SequenceModel(Retriever, Trainable):
    """A retriever that is trained on batches of sequences.

    Attributes:
        max_len: Newest items of a history that are looked at.
    """

    max_len: int


class SequenceRecommender(SequenceModel):
    """Predicts the next item at every place of a sequence (causal encoders).

    Args:
        items: The item representation.
        encoder: The sequence encoder.
        loss: Loss over the catalogue; None for a network that will only score.
        max_len: Newest items of a history that are looked at.
        scale: Whether vectors are multiplied by ``sqrt(d)`` on their way in (Vaswani et al.; SASRec's code).
        last_only: Whether only the newest target of a row is trained on.
    """

    def __init__(
        self,
        items: ItemRepresentation,
        encoder: torch.nn.Module,
        loss: CatalogueLoss | None,
        *,
        max_len: int,
        scale: bool = False,
        last_only: bool = False,
    ) -> None:
        super().__init__()
        self.last_only = last_only
        self.items, self.encoder, self.loss = items, encoder, loss
        self.num_items, self.max_len = items.num_items, max_len
        self.factor = math.sqrt(items.dim) if scale else 1.0

    def forward(self, batch: SequenceBatch) -> Tensor:
        with self.step():
            return self.batch_loss(batch)

    @contextmanager
    def step(self) -> Iterator[None]:
        """One step of training: no item is adapted twice, nor apart from a table that the loss will want anyway."""
        with self.items.once():
            if getattr(self.loss, "whole", False):
                self.adapt()
            yield

    def adapt(self) -> None:
        """Makes the table that a loss over the whole catalogue reads, so that histories look it up there, too."""
        self.items.table()

    def batch_loss(self, batch: SequenceBatch) -> Tensor:
        """The mean loss of a batch: next items at every place."""
        inputs, lengths = batch.items[:, :-1], batch.lengths - 1
        real = batch.mask()[:, 1:]
        if self.last_only:
            real = torch.zeros_like(real).scatter_(1, (lengths - 1)[:, None], torch.ones_like(real[:, :1]))
        states = self.encode(inputs, lengths)[real]
        owners = batch.users[:, None].expand_as(real)[real]
        return self.catalogue_loss(states, batch.items[:, 1:][real], owners)

    def encode(self, items: Tensor, lengths: Tensor) -> Tensor:
        """States of all places, ``(B, T)`` → ``(B, T, d)``."""
        states: Tensor = self.encoder(self.items(items) * self.factor, lengths)
        return states

    def catalogue_loss(self, states: Tensor, targets: Tensor, users: Tensor) -> Tensor:
        """The loss of ``N`` states against their targets."""
        if self.loss is None:
            raise RuntimeError("this network was built for scoring: it has no loss")
        return self.loss(states, targets, users, self.items)

    def item_vectors(self) -> Tensor:
        return self.items.table().detach()

    def last_states(self, items: Tensor, lengths: Tensor) -> Tensor:
        """The state after the newest item: ``(B, T)`` and ``(B,)`` → ``(B, d)``."""
        return newest_state(self.encoder, self.items(items) * self.factor, lengths)

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        """One state for each history; a history without items gets a zero vector, so all items tie."""
        device = next(self.parameters()).device
        rows = histories.last(self.max_len)
        out = torch.zeros(len(rows), self.items.dim, device=device)
        with torch.inference_mode(), self.items.once():
            for index in blocks_of_like_length(rows.lengths, SCORING_TOKENS):
                block = rows.take(index)
                padded, lengths = as_tensor(block.padded()).to(device), as_tensor(block.lengths).to(device)
                out[torch.from_numpy(index).to(device)] = self.last_states(padded, lengths)
        return out


def bare(model: torch.nn.Module) -> torch.nn.Module:
    """The network that was trained, without what is added to its scores when serving; any other model as it is."""
    network = getattr(model, "network", None)
    return network if isinstance(network, SequenceRecommender) else model


def blocks_of_like_length(lengths: NDArray[Any], tokens: int) -> Iterator[NDArray[np.int64]]:
    """Rows in order of length, cut where a padded block would pass ``tokens`` places; empty rows are left out."""
    order = np.argsort(lengths, kind="stable")
    order = order[np.searchsorted(lengths[order], 1) :].astype(np.int64)
    start = 0
    while start < len(order):
        size = max(1, tokens // int(lengths[order[start]]))
        while size > 1 and size * int(lengths[order[min(start + size, len(order)) - 1]]) > tokens:
            size = max(1, min(size - 1, tokens // int(lengths[order[min(start + size, len(order)) - 1]])))
        yield order[start : start + size]
        start += size
