"""How well an encoder tells items apart: retrieval between two views of an item, and the mean cosine of two items."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def two_view_recall(x: Tensor, y: Tensor, groups: Tensor) -> float:
    """R@1: the share of first views whose nearest second view, by cosine, is their own; a tie counts in part.

    Args:
        x: First views, ``(n, D)``.
        y: Second views.
        groups: Items with equal numbers are the same thing; they do not compete, ``(n,)``.
    """
    scores = F.normalize(x, dim=-1) @ F.normalize(y, dim=-1).T
    own = scores.diagonal()
    rivals = scores.masked_fill(groups[:, None] == groups, -torch.inf)
    ties = (rivals == own[:, None]).sum(1)
    return float(((rivals <= own[:, None]).all(1) / (1.0 + ties)).mean())


def mean_cosine(vectors: Tensor) -> float:
    """The mean cosine of two different rows of ``(n, D)``: near 1 when a model tells nothing apart."""
    rows = F.normalize(vectors.double(), dim=-1)
    count = len(rows)
    return float((rows.sum(0).square().sum() - rows.square().sum()) / max(1, count * (count - 1)))
