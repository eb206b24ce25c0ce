"""From the states of a text's tokens to one vector."""

from __future__ import annotations

import torch
from torch import Tensor

POOLINGS = ("mean", "last", "cls")


def pool(hidden: Tensor, mask: Tensor, kind: str) -> Tensor:
    """One vector for each right-padded row; padding never enters it.

    Args:
        hidden: States, ``(B, T, D)``.
        mask: 1 at real tokens, which come first, ``(B, T)``; every row has at least one.
        kind: ``"mean"`` of the real tokens, the ``"last"`` real one, or the first (``"cls"``).

    Returns:
        ``(B, D)`` in float32.
    """
    if kind == "cls":
        return hidden[:, 0].float()
    if kind == "last":
        return hidden[torch.arange(len(hidden), device=hidden.device), mask.sum(1) - 1].float()
    if kind == "mean":
        real = mask.unsqueeze(-1).bool()
        return hidden.float().masked_fill(~real, 0.0).sum(1) / mask.sum(1, keepdim=True)
    raise ValueError(f"unknown pooling {kind!r}; known: {', '.join(POOLINGS)}")
