"""Fewer columns for text vectors: principal components, and whitening."""

from __future__ import annotations

import torch
from torch import Tensor


def pca(vectors: Tensor, dim: int, *, std: float | None = None) -> Tensor:
    """The first principal components of the rows, centred, ``(n, dim)`` float32.

    Args:
        vectors: ``(n, D)``.
        dim: Components to keep; columns beyond ``min(n, D)`` are zero.
        std: Standard deviation that all entries together are scaled to; None leaves the scale (LLM-ESR).
    """
    basis, _, centred = _components(vectors, dim)
    out = torch.zeros(len(vectors), dim)
    out[:, : basis.shape[1]] = (centred @ basis).float()
    return out if std is None else out * (std / float(out.std().clamp_min(1e-12)))


def whiten(vectors: Tensor, dim: int, *, eps: float = 1e-5) -> Tensor:
    """Principal components scaled to unit variance each (Su et al., arXiv 2103.15316), ``(n, dim)`` float32.

    Args:
        vectors: ``(n, D)``.
        dim: Components to keep.
        eps: Added to a component's variance, relative to the largest.
    """
    basis, variances, centred = _components(vectors, dim)
    out = torch.zeros(len(vectors), dim)
    scale = (variances + eps * variances.max().clamp_min(1e-12)).rsqrt()
    out[:, : basis.shape[1]] = (centred @ basis * scale).float()
    return out


def _components(vectors: Tensor, dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """Leading directions ``(D, k)``, their variances, and the centred rows, in float64; signs are made definite."""
    rows = vectors.double()
    centred = rows - rows.mean(0)
    values, basis = torch.linalg.eigh(centred.T @ centred / max(len(rows) - 1, 1))
    keep = min(dim, len(rows), rows.shape[1])
    values, basis = values.flip(0)[:keep].clamp_min(0), basis.flip(1)[:, :keep]
    largest = basis.abs().argmax(0)
    basis = basis * basis.gather(0, largest[None]).sign()
    return basis, values, centred
