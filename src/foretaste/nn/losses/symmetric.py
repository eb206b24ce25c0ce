"""InfoNCE over the cosines of two views, in both directions (van den Oord et al. 2018; SimCLR; CLIP)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.nn.losses.infonce import infonce


def symmetric_infonce(
    x: Tensor,
    y: Tensor,
    temperature: Tensor | float,
    same_x: Tensor | None = None,
    same_y: Tensor | None = None,
) -> Tensor:
    """``-1/(2n) Σ_i [ log softmax_j(x_i·y_j / t)_i + log softmax_j(y_i·x_j / t)_i ]`` of unit vectors, in float32.

    Args:
        x: One view of each item, ``(n, d)``, of any length.
        y: The other.
        temperature: ``t``; a tensor may learn.
        same_x: True where ``x_j`` is no negative for item ``i``, ``(n, n)``; the diagonal is never one.
        same_y: The same for ``y_j``.
    """
    x, y = F.normalize(x.float(), dim=-1), F.normalize(y.float(), dim=-1)
    forth = infonce(x / temperature, y, y, _left_out(y, same_y))
    back = infonce(y / temperature, x, x, _left_out(x, same_x))
    return 0.5 * (forth + back)


def _left_out(vectors: Tensor, same: Tensor | None) -> tuple[Tensor, Tensor]:
    """Rows and columns that are no negatives, in order of the rows."""
    if same is None:
        own = torch.arange(len(vectors), device=vectors.device)
        return own, own
    rows, columns = (same | torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)).nonzero(as_tuple=True)
    return rows, columns
