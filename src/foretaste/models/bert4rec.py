"""BERT4Rec: bidirectional encoding and masked items (Sun et al., CIKM 2019, arXiv 1904.06690)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foretaste.core.config import option
from foretaste.models.sasrec import SASRecConfig, transformer
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.newest import newest_state


@dataclass(frozen=True)
class BERT4RecConfig(SASRecConfig):
    """Keys of the network and of the cloze task."""

    dropout: float = option(0.2, "Dropout rate.", paper="0.1", low=0, high=0.99)
    mask_share: float = option(0.4, "Share of places that are masked.", paper="0.2 (ML), 0.6 (Beauty)", low=0, high=1)
    last_share: float = option(
        0.2, "Share of rows in which only the newest item is masked.", paper="once an epoch", low=0, high=1
    )


class BERT4Rec(SequenceRecommender):
    """Predicts masked items from both sides; asks for the next item with a mask behind the history.

    Args:
        items: The item representation.
        encoder: A bidirectional encoder with room for ``max_len + 1`` places.
        loss: Loss over the catalogue; None for a network that will only score.
        config: Keys of the cloze task.
    """

    def __init__(
        self, items: ItemRepresentation, encoder: nn.Module, loss: CatalogueLoss | None, config: BERT4RecConfig
    ) -> None:
        super().__init__(items, encoder, loss, max_len=config.max_len, scale=config.scale)
        self.mask_share, self.last_share = config.mask_share, config.last_share
        self.mask_vector = nn.Parameter(torch.randn(items.dim) * config.init_std)
        self.head = nn.Linear(items.dim, items.dim)

    def batch_loss(self, batch: SequenceBatch) -> Tensor:
        """The mean loss of a batch: masked items."""
        hidden = self._cloze(batch)
        vectors = self.items(batch.items) * self.factor
        vectors = torch.where(hidden[:, :, None], self.mask_vector.to(vectors.dtype), vectors)
        states = self.head(self.encoder(vectors, batch.lengths)[hidden])
        owners = batch.users[:, None].expand_as(hidden)[hidden]
        return self.catalogue_loss(states, batch.items[hidden], owners)

    def _cloze(self, batch: SequenceBatch) -> Tensor:
        """Places to mask, ``(B, T)``: a share of the real ones, at least one a row; in some rows only the last."""
        real = batch.mask()
        noise = torch.rand(real.shape, device=real.device).masked_fill(~real, 2.0)
        hidden = (noise < self.mask_share) | (noise == noise.amin(1, keepdim=True))
        last = torch.zeros_like(real).scatter_(1, (batch.lengths - 1)[:, None], torch.ones_like(real[:, :1]))
        only_last = torch.rand(len(real), 1, device=real.device) < self.last_share
        return torch.where(only_last, last, hidden) & real

    def last_states(self, items: Tensor, lengths: Tensor) -> Tensor:
        vectors = self.items(items) * self.factor
        vectors = torch.cat([vectors, vectors.new_zeros(len(items), 1, vectors.shape[2])], dim=1)
        rows = torch.arange(len(lengths), device=items.device)
        vectors[rows, lengths] = self.mask_vector
        states: Tensor = self.head(newest_state(self.encoder, vectors, lengths + 1))
        return states


def bert4rec(
    config: BERT4RecConfig, num_items: int, loss: CatalogueLoss | None = None, items: ItemRepresentation | None = None
) -> BERT4Rec:
    """The network, on an id table unless another item representation is given."""
    table = items or IdTable(num_items, config.dim, std=config.init_std)
    return BERT4Rec(table, transformer(config, causal=False, places=1), loss, config)
