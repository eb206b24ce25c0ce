"""Several views of a history, each read by an encoder of its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Towers(nn.Module):
    """Encoders side by side: ``(B, T, n * d)`` → ``(B, T, n * d)``, each on its own part.

    Args:
        encoders: One for each view, all of one width ``d``.
    """

    def __init__(self, encoders: Sequence[nn.Module]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States of all towers, side by side."""
        parts = x.chunk(len(self.encoders), dim=-1)
        states = [encode(part.contiguous(), lengths) for encode, part in zip(self.encoders, parts, strict=True)]
        return torch.cat(states, dim=-1)
