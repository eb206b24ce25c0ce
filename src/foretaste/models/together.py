"""Several networks that are trained together, a batch of one of them at a time; what they share learns from all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from foretaste.models.base import Trainable


@dataclass(frozen=True)
class PartBatch:
    """A batch of one of the networks.

    Attributes:
        part: Which.
        batch: Its batch.
    """

    part: int
    batch: Any

    def to(self, device: torch.device | str) -> PartBatch:
        """The same batch on another device."""
        return PartBatch(self.part, self.batch.to(device))


class Together(nn.Module, Trainable):
    """Networks of several data sets: graphs and negatives of their own, a module in common.

    Args:
        parts: The networks.
    """

    def __init__(self, parts: Sequence[nn.Module]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, batch: PartBatch) -> Tensor:
        loss: Tensor = self.parts[batch.part](batch.batch)
        return loss
