"""A user's vector from the items of a history: it scores them near 1 and stays near what training knows of the user.

Ridge regression (the fold-in of alternating least squares, Hu et al. 2008, without its weight on everything else):
``u = argmin sum_i (1 - u·q_i)^2 + ridge * s * |u - p|^2``, with ``s`` the mean squared length of the item vectors, so
that one ``ridge`` fits vectors of any scale. The prior ``p`` is the trained vector's direction at length ``1/sqrt(s)``,
zero for a stranger; a user's length does not change a ranking. Unlike a mean, it does not let five items of a kind
outvote one of another, and items newer than training count.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.models.sequence import blocks_of_like_length

TOKENS = 1 << 16
"""Items of padded histories held at once."""

SMALLEST_RIDGE = 1e-4
"""A smaller one would leave items that are alike indistinguishable in float32."""


def fold_in(vectors: Tensor, histories: Sequences, ridge: float, trained: Tensor) -> Tensor:
    """One vector for each history, ``(n, d)``; the prior itself where a history has no items.

    Args:
        vectors: Item vectors ``q``, ``(V, d)``.
        histories: Distinct items of each person.
        ridge: Weight of the distance from the prior; at least :data:`SMALLEST_RIDGE` is used.
        trained: Vectors whose directions are the prior, ``(n, d)``; zeros for strangers.
    """
    scale = vectors.square().sum(1).mean().clamp_min(1e-12)
    found = F.normalize(trained, dim=1) / scale.sqrt()
    for index in blocks_of_like_length(histories.lengths, TOKENS):
        block, rows = histories.take(index), torch.from_numpy(index).to(vectors.device)
        items, lengths = as_tensor(block.padded()).to(vectors.device), as_tensor(block.lengths).to(vectors.device)
        mask = torch.arange(items.shape[1], device=items.device) < lengths[:, None]
        known = vectors[items] * mask[:, :, None]
        missing = mask.to(known.dtype) - (known @ found[rows][:, :, None])[:, :, 0]
        found[rows] += _correction(known, missing, max(ridge, SMALLEST_RIDGE) * scale)
    return found


def _correction(rows: Tensor, missing: Tensor, weight: Tensor) -> Tensor:
    """``argmin_c |missing - rows c|^2 + weight |c|^2`` for ``rows`` ``(B, T, d)``, in the smaller of its two forms."""
    ridge = weight * torch.eye(min(rows.shape[1:]), dtype=rows.dtype, device=rows.device)
    if rows.shape[1] <= rows.shape[2]:
        factor = torch.linalg.cholesky(rows @ rows.mT + ridge)
        return (rows.mT @ torch.cholesky_solve(missing[:, :, None], factor))[:, :, 0]
    factor = torch.linalg.cholesky(rows.mT @ rows + ridge)
    return torch.cholesky_solve(rows.mT @ missing[:, :, None], factor)[:, :, 0]
