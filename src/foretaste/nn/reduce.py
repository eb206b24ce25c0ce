"""Fewer columns for text vectors: principal components, whitening, random directions."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def pca(vectors: Tensor, dim: int, *, std: float | None = None) -> Tensor:
    """The first principal components of the rows, centred, ``(n, dim)`` float32.

    Args:
        vectors: ``(n, D)``.
        dim: Components to keep; columns beyond ``min(n, D)`` are zero.
        std: Standard deviation that all entries together are scaled to; None leaves the scale (LLM-ESR).
    """
    mean, matrix = principal(vectors, dim)
    return _scaled(((vectors.double() - mean) @ matrix).float(), std)


def principal(vectors: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The map of :func:`pca`, so that it can be applied to items that come later: ``(x - mean) @ matrix``.

    Args:
        vectors: ``(n, D)``.
        dim: Components to keep.

    Returns:
        Mean ``(D,)`` and matrix ``(D, dim)``, float64; columns that the vectors cannot fill are zero.
    """
    basis, _, _ = _components(vectors, dim)
    return vectors.double().mean(0), nn.functional.pad(basis, (0, dim - basis.shape[1]))


def whiten(vectors: Tensor, dim: int, *, eps: float = 1e-5) -> Tensor:
    """Principal components scaled to unit variance each (Su et al., arXiv 2103.15316), ``(n, dim)`` float32.

    Args:
        vectors: ``(n, D)``.
        dim: Components to keep.
        eps: Added to a component's variance, relative to the largest.
    """
    mean, matrix = whitening(vectors, dim, eps=eps)
    return ((vectors.double() - mean) @ matrix).float()


def whitening(vectors: Tensor, dim: int, *, rotate_back: bool = False, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    """The map that whitens, so that it can be applied to items that come later: ``(x - mean) @ matrix``.

    Args:
        vectors: ``(n, D)``.
        dim: Components to keep.
        rotate_back: Whether the components are turned back into the directions they came from (ZCA): of all
            whitened vectors these are the nearest to the original ones. The matrix is then ``(D, D)``.
        eps: Added to a component's variance, relative to the largest.

    Returns:
        Mean ``(D,)`` and matrix ``(D, dim)``, float64; columns that the vectors cannot fill are zero.
    """
    basis, variances, _ = _components(vectors, dim)
    scaled = basis * (variances + eps * variances.max().clamp_min(1e-12)).rsqrt()
    mean = vectors.double().mean(0)
    if rotate_back:
        return mean, scaled @ basis.T
    return mean, nn.functional.pad(scaled, (0, dim - scaled.shape[1]))


def random_projection(vectors: Tensor, dim: int, *, seed: int, std: float | None = None) -> Tensor:
    """Random directions, which keep distances on average (Johnson & Lindenstrauss), centred, ``(n, dim)`` float32.

    Args:
        vectors: ``(n, D)``.
        dim: Directions.
        seed: Seed of the directions.
        std: Standard deviation that all entries together are scaled to; None leaves the scale.
    """
    rows = vectors.double()
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(rows.shape[1], dim, generator=generator, dtype=torch.float64) / dim**0.5
    return _scaled(((rows - rows.mean(0)) @ directions).float(), std)


def standardised(vectors: Tensor, *, std: float = 1.0) -> Tensor:
    """All columns, centred, all entries together at one standard deviation; what an adapter learns from fastest.

    Vectors of language models share a large mean, and entries of unit vectors are small: as inputs of a linear layer
    under Adam, whose steps have one size, they would learn slowly.

    Args:
        vectors: ``(n, D)``.
        std: That standard deviation.
    """
    rows = vectors.double()
    return _scaled((rows - rows.mean(0)).float(), std)


def _scaled(rows: Tensor, std: float | None) -> Tensor:
    """All entries together at one standard deviation; None leaves them."""
    return rows if std is None else rows * (std / float(rows.std().clamp_min(1e-12)))


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
