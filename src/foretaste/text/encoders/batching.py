"""Batches of texts of like length, which waste little on padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor


def token_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Places of texts, longest first, cut into batches of at most ``budget`` tokens with their padding.

    Args:
        lengths: Tokens of each text, at least 1.
        budget: Rows times the longest row of a batch; a text longer than it is a batch of its own.

    Returns:
        Every place exactly once; within a batch lengths fall.
    """
    order = sorted(range(len(lengths)), key=lambda place: (-lengths[place], place))
    batches: list[list[int]] = []
    start = 0
    while start < len(order):
        rows = max(1, budget // max(1, lengths[order[start]]))
        batches.append(order[start : start + rows])
        start += rows
    return batches


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Token ids right-padded to the longest row, and the mask of real tokens, both ``(B, T)`` int64."""
    width = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows], dtype=torch.int64)
    lengths = torch.tensor([len(row) for row in rows])
    return ids, (torch.arange(width)[None] < lengths[:, None]).long()


def batches_of(rows: Sequence[Sequence[int]], budget: int, pad: int) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """Places, token ids ``(B, T)`` and mask ``(B, T)`` of every batch."""
    for places in token_batches([len(row) for row in rows], budget):
        yield places, *padded([rows[place] for place in places], pad)
