"""Ridge regression for a linear layer, from blocks of examples: memory does not grow with their number."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRENGTH = 1e-4
"""Penalty on the weights, as a share of the inputs' mean square: enough where inputs are dependent."""


class Ridge:
    """Sums of products of examples, and the linear layer that fits them best.

    Args:
        inputs: Width of the inputs.
        outputs: Width of the outputs.
        device: Where examples live.
    """

    def __init__(self, inputs: int, outputs: int, device: torch.device) -> None:
        self.gram = torch.zeros(inputs + 1, inputs + 1, dtype=torch.float64, device=device)
        self.cross = torch.zeros(inputs + 1, outputs, dtype=torch.float64, device=device)

    def add(self, x: Tensor, y: Tensor) -> None:
        """Takes in examples ``(n, inputs)`` and ``(n, outputs)``."""
        ones = torch.cat([x.detach(), x.new_ones(len(x), 1)], dim=1).double()
        self.gram += ones.T @ ones
        self.cross += ones.T @ y.detach().double()

    def solve(self, layer: nn.Linear, strength: float = STRENGTH) -> None:
        """Writes weights and bias of least squared error into the layer; the bias is not penalised."""
        size = len(self.gram) - 1
        penalty = torch.zeros_like(self.gram)
        penalty.diagonal()[:size] = strength * self.gram.diagonal()[:size].mean().clamp_min(1e-12)
        found = torch.linalg.pinv(self.gram + penalty, hermitian=True) @ self.cross
        with torch.no_grad():
            layer.weight.copy_(found[:size].T)
            layer.bias.copy_(found[size])
