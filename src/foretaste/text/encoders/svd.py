"""The leading directions of a large sparse matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def right_singular_vectors(
    matrix: Any, rank: int, *, seed: int, oversampling: int = 16, iterations: int = 6
) -> NDArray[np.float32]:
    """Leading right singular vectors ``(columns, rank)`` by randomised subspace iteration (arXiv 0909.4061, 4.4).

    Args:
        matrix: Sparse, ``(rows, columns)``.
        rank: Vectors to find; fewer where the matrix is smaller.
        seed: Of the start.
        oversampling: Further directions that are carried along.
        iterations: Products with the matrix and its transpose.

    Returns:
        Columns of unit length by falling singular value; the largest entry of each is positive.
    """
    rank = min(rank, *matrix.shape)
    width = min(rank + oversampling, *matrix.shape)
    start = np.random.default_rng(seed).standard_normal((matrix.shape[0], width)).astype(np.float32)
    basis = np.linalg.qr(matrix.T @ start)[0]
    for _ in range(iterations):
        basis = np.linalg.qr(matrix.T @ np.linalg.qr(matrix @ basis)[0])[0]
    turn = np.linalg.svd(matrix @ basis, full_matrices=False)[2].T
    vectors = (basis @ turn)[:, :rank]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)])
    return np.ascontiguousarray(vectors * signs, dtype=np.float32)
