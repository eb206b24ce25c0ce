"""The state of the newest place alone: all that a recommendation, or a teacher, wants of an encoder.

Every layer below the last has to read all places; the last one needs queries, output maps and the feed-forward layer
for a single place of each row. Encoders that know how to leave the rest out have a ``newest``.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn


@runtime_checkable
class ReadsNewest(Protocol):
    """An encoder with a shorter way to the newest state."""

    def newest(self, x: Tensor, lengths: Tensor) -> Tensor:
        """``(B, T, d)`` and lengths ``(B,)`` → ``(B, d)``."""


def newest_state(encoder: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
    """The encoder's state of each row's newest place, ``(B, T, d)`` and lengths ``(B,)`` → ``(B, d)``."""
    if isinstance(encoder, ReadsNewest):
        return encoder.newest(x, lengths)
    return at_newest(encoder(x, lengths), lengths)


def at_newest(x: Tensor, lengths: Tensor) -> Tensor:
    """The newest place of each row: ``(B, T, d)`` → ``(B, d)``."""
    return x[torch.arange(len(lengths), device=x.device), lengths - 1]
