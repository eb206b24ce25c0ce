"""K-means in plain torch: the same clusters for the same seed, whatever the machine's threads."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 8192
"""Rows whose distances are computed at once."""


def kmeans(vectors: Tensor, clusters: int, *, seed: int, rounds: int = 50) -> tuple[Tensor, Tensor]:
    """Lloyd's algorithm from a k-means++ start (Arthur & Vassilvitskii 2007), in float64.

    Args:
        vectors: ``(n, D)``.
        clusters: How many; no more than there are rows.
        seed: Of the start.
        rounds: Most updates of the centres; it ends when no row changes its cluster.

    Returns:
        The cluster of each row ``(n,)`` int64, and the centres ``(clusters, D)``. A centre that loses all its rows
        stays where it is.
    """
    if not 1 <= clusters <= len(vectors):
        raise ValueError(f"{clusters} clusters of {len(vectors)} rows")
    rows = vectors.double()
    centres = _spread(rows, clusters, torch.Generator().manual_seed(seed))
    owner = torch.full((len(rows),), -1)
    for _ in range(rounds):
        new = _nearest(rows, centres)
        if torch.equal(new, owner):
            break
        owner = new
        count = torch.bincount(owner, minlength=clusters)
        sums = torch.zeros_like(centres).index_add_(0, owner, rows)
        centres = torch.where(count[:, None] > 0, sums / count.clamp_min(1)[:, None], centres)
    return _nearest(rows, centres), centres


def _spread(rows: Tensor, clusters: int, generator: torch.Generator) -> Tensor:
    """Rows far from each other: each is drawn in proportion to its squared distance from those before it."""
    chosen = [int(torch.randint(len(rows), (1,), generator=generator))]
    far = (rows - rows[chosen[0]]).square().sum(1)
    while len(chosen) < clusters:
        weights = far if bool((far > 0).any()) else torch.ones_like(far)
        chosen.append(int(torch.multinomial(weights, 1, generator=generator)))
        far = torch.minimum(far, (rows - rows[chosen[-1]]).square().sum(1))
    return rows[chosen]


def _nearest(rows: Tensor, centres: Tensor) -> Tensor:
    """The nearest centre of each row, the first of several."""
    lengths = centres.square().sum(1)
    return torch.cat([(lengths - 2 * block @ centres.T).argmin(1) for block in torch.split(rows, BLOCK)])
