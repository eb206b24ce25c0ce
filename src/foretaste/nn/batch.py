"""What a network is fed: plain tensors with agreed shapes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SequenceBatch:
    """Right-padded histories of like lengths.

    Attributes:
        items: Dense item ids, ``(B, T)`` int64; places at or beyond the length hold 0 and mean nothing.
        lengths: Items of each row, ``(B,)`` int64, at least 1.
        users: Dense user ids, ``(B,)`` int64.
    """

    items: Tensor
    lengths: Tensor
    users: Tensor

    def mask(self) -> Tensor:
        """True where an item stands, ``(B, T)``."""
        return torch.arange(self.items.shape[1], device=self.items.device) < self.lengths[:, None]

    def to(self, device: torch.device | str) -> SequenceBatch:
        """The same batch on another device."""
        return SequenceBatch(self.items.to(device), self.lengths.to(device), self.users.to(device))


@dataclass(frozen=True)
class PairBatch:
    """Interactions: user ``users[i]`` took item ``items[i]``; both ``(B,)`` int64."""

    users: Tensor
    items: Tensor

    def to(self, device: torch.device | str) -> PairBatch:
        """The same batch on another device."""
        return PairBatch(self.users.to(device), self.items.to(device))


@dataclass(frozen=True)
class SetBatch:
    """Users as sets of items.

    Attributes:
        items: Distinct dense item ids of all rows, one row behind the other, ``(N,)`` int64.
        lengths: Items of each row, ``(B,)`` int64.
    """

    items: Tensor
    lengths: Tensor

    def to(self, device: torch.device | str) -> SetBatch:
        """The same batch on another device."""
        return SetBatch(self.items.to(device), self.lengths.to(device))
