"""KAR's hybrid-expert adaptor: from text to a recommender's space by experts, some shared, some of one side alone.

Xi et al., RecSys 2024, arXiv 2306.10933, section 3.3: a side's vector goes through the shared experts and through those
of the side, and a gate that reads the vector mixes what they say.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class HybridExperts(nn.Module):
    """``sum_e softmax(G_side x)_e (W2_e relu(W1_e x + b1_e) + b2_e)`` over the shared experts and those of the side.

    Args:
        width: Width of a text vector, ``D``.
        dim: Width of what comes out.
        hidden: Width between an expert's two layers.
        shared: Experts that all sides use.
        own: Experts of each side.
        sides: How many sides.
    """

    def __init__(self, width: int, dim: int, *, hidden: int, shared: int, own: int, sides: int = 2) -> None:
        super().__init__()
        count, self.shared, self.hidden = shared + own, shared, hidden
        self.common = nn.Linear(width, shared * hidden)
        self.private = nn.ModuleList([nn.Linear(width, own * hidden) for _ in range(sides)])
        self.gates = nn.ModuleList([nn.Linear(width, count) for _ in range(sides)])
        std = (2 / (hidden + dim)) ** 0.5
        self.common_out = nn.Parameter(torch.randn(shared, hidden, dim) * std)
        self.private_out = nn.Parameter(torch.randn(sides, own, hidden, dim) * std)
        self.common_bias = nn.Parameter(torch.zeros(shared, dim))
        self.private_bias = nn.Parameter(torch.zeros(sides, own, dim))

    def forward(self, texts: Tensor, side: int) -> Tensor:
        """``(n, D)`` → ``(n, dim)``.

        Args:
            texts: Text vectors.
            side: Whose they are.
        """
        gate = torch.softmax(self.gates[side](texts), dim=1)
        inner = torch.relu(torch.cat([self.common(texts), self.private[side](texts)], dim=1))
        weighted = inner.view(len(inner), -1, self.hidden) * gate[:, :, None]
        out = torch.cat([self.common_out, self.private_out[side]]).flatten(0, 1)
        bias: Tensor = gate @ torch.cat([self.common_bias, self.private_bias[side]])
        return weighted.flatten(1) @ out + bias
