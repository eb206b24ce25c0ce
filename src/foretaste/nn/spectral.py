"""Item vectors to start from: the leading eigenvectors of who stands beside whom.

A network with a random item table spends its first epochs finding out which items go together, which counting knows
at once. Factorising the normalised co-occurrence matrix ``D^-1/2 C D^-1/2`` takes well under a second for ten
thousand items and stands for many epochs of that (the same idea as word vectors by matrix factorisation: Levy &
Goldberg 2014). Training goes on from there as usual; only the training part is looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

_EXTRA = 16
_ROUNDS = 3


def spectral_vectors(matrix: Any, dim: int, *, std: float, seed: int) -> Tensor:
    """Vectors whose inner products approximate a symmetric matrix, scaled to a common standard deviation.

    Randomised subspace iteration (Halko et al. 2011): a few sparse products with ``dim + 16`` columns.

    Args:
        matrix: Symmetric ``scipy.sparse`` matrix with non-negative entries, ``(n, n)``.
        dim: Width of the vectors; columns that the matrix cannot fill are small and random.
        std: Standard deviation of all entries of the result.
        seed: Seed of the random start.

    Returns:
        ``(n, dim)`` float32; an item that stands beside no other gets a small random vector.
    """
    rng = np.random.default_rng(seed)
    size = matrix.shape[0]
    scale = (np.asarray(matrix.sum(1)).ravel() + 1.0) ** -0.5
    normal = matrix.multiply(scale[:, None]).multiply(scale[None, :]).tocsr().astype(np.float32)
    basis = rng.standard_normal((size, min(size, dim + _EXTRA)), dtype=np.float32)
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(normal @ (normal @ basis))[0]
    values, turn = np.linalg.eigh(basis.T @ (normal @ basis))
    order = np.argsort(-np.abs(values))[:dim]
    vectors = rng.standard_normal((size, dim), dtype=np.float32) * 1e-3
    vectors[:, : len(order)] += basis @ (turn[:, order] * np.sqrt(np.abs(values[order])))
    return torch.from_numpy((vectors * (std / max(float(vectors.std()), 1e-12))).astype(np.float32))
