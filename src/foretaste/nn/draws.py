"""Drawing without replacement for many groups at once, from torch's default generator."""

from __future__ import annotations

import torch
from torch import Tensor


def draw_sizes(most: Tensor) -> Tensor:
    """One whole number uniform in ``1 … most`` for each, ``(B,)`` int64; ``most`` is at least 1."""
    return 1 + (torch.rand(most.shape, dtype=torch.float64) * most).long().clamp_max(most - 1)


def draw_distinct(totals: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """``sizes[b]`` different numbers out of ``0 … totals[b] - 1``, every subset equally likely (Floyd's algorithm).

    Args:
        totals: Numbers to draw from, ``(B,)`` int64.
        sizes: How many to draw, at most ``totals``, ``(B,)`` int64.

    Returns:
        The numbers, ``(B, max(sizes))``, and which of them count, a bool mask of the same shape.
    """
    width = int(sizes.max()) if len(sizes) else 0
    drawn = torch.full((len(totals), width), -1, dtype=torch.int64)
    # Row b starts late enough to end, like all others, in the last column: so rows of unlike size share the columns.
    for column in range(width):
        highest = totals - width + column
        active = column >= width - sizes
        number = (torch.rand(len(totals), dtype=torch.float64) * (highest + 1)).long().clamp_max(highest)
        again = (drawn[:, :column] == number[:, None]).any(1)
        drawn[:, column] = torch.where(active, torch.where(again, highest, number), drawn[:, column])
    return drawn, torch.arange(width) >= (width - sizes)[:, None]
