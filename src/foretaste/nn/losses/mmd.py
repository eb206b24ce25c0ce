"""Maximum mean discrepancy: how far apart two sets of vectors are as distributions (Gretton et al., JMLR 2012).

With a characteristic kernel (Gaussian, Laplacian) it is zero only where the distributions are the same; a linear kernel
compares means, a cosine kernel means of directions. All of them look at sets: which vector of one belongs to which of
the other plays no part. The estimator leaves out what a vector has with itself, so it may fall a little below zero;
PAD's code adds a constant, which has no gradient, to keep it positive.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

WIDTHS = 5
"""Kernels of a multi-kernel discrepancy, their bandwidths ``2 ** -3`` to ``2 ** 1`` times the mean distance."""

ROWS = 256
"""Rows of distances at a time: they and their kernels stay in the cache."""


def gaussian_mmd(x: Tensor, y: Tensor) -> Tensor:
    """MK-MMD with ``k(a, b) = sum_alpha exp(-|a - b|² / (2 alpha s))``, ``alpha = 2^-3 … 2^1`` (Long et al. 2015).

    ``s`` is the mean of ``|a - b|²`` over all pairs of both sets, a pair of a vector with itself included, and no
    gradient goes through it. Exact, with one product and one exponential: each narrower kernel is the square of the
    next wider one. Value and gradients are made together, so no matrix of kernels is kept.

    Args:
        x: One set, ``(n, d)``, ``n`` at least 2.
        y: The other, ``(n, d)``.

    Returns:
        ``mean_{i≠j} k(x_i, x_j) + mean_{i≠j} k(y_i, y_j) - 2 mean_{i,j} k(x_i, y_j)``, a scalar.
    """
    value: Tensor = _GaussianMMD.apply(x, y)  # type: ignore[no-untyped-call]
    return value


class _GaussianMMD(torch.autograd.Function):
    """Row block by row block: distances, kernels, their slopes, and what the slopes make of the vectors."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        count, z = len(x), torch.cat([x, y])
        z = z - z.mean(0)  # changes no distance, and makes them more exact
        square = z.square().sum(1)
        wide = 1 / (4 * (2 * square.mean()).clamp_min(torch.finfo(z.dtype).tiny))  # alpha = 2
        same, cross = 1 / (count * (count - 1)), -1 / count**2
        total, gradient = z.new_zeros((), dtype=torch.float64), torch.empty_like(z)
        for start in range(0, 2 * count, ROWS):
            rows = z[start : start + ROWS]
            kernel = torch.addmm(square, rows, z.T, alpha=-2).add_(square[start : start + ROWS, None])
            kernel.clamp_min_(0).mul_(-wide).exp_()
            kernel.diagonal(start)[: len(rows)].zero_()
            value, slope = kernel.clone(), kernel.clone()
            for power in range(1, WIDTHS):
                value += kernel.square_()
                slope.add_(kernel, alpha=2.0**power)
            in_x = max(0, min(count - start, len(rows)))  # a block may end one set and begin the other
            for part, near, far in ((slice(0, in_x), slice(0, count), slice(count, None)),
                                    (slice(in_x, None), slice(count, None), slice(0, count))):  # fmt: skip
                total += same * value[part, near].sum(dtype=torch.float64)
                total += cross * value[part, far].sum(dtype=torch.float64)
                slope[part, near] *= same
                slope[part, far] *= cross
            gradient[start : start + ROWS] = rows * slope.sum(1, keepdim=True) - slope @ z
        gradient *= -4 * wide
        ctx.save_for_backward(gradient[:count], gradient[count:])
        return total.to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        return tuple(saved * grads[0] for saved in ctx.saved_tensors)


def laplacian_mmd(x: Tensor, y: Tensor) -> Tensor:
    """The same with ``k(a, b) = sum_alpha exp(-|a - b|_1 / (2 alpha s))`` and ``s`` the mean of ``|a - b|_1``."""
    z = torch.cat([x, y])
    distances = torch.cdist(z, z, p=1)
    kernel = torch.exp(-distances / (4 * distances.mean().detach().clamp_min(torch.finfo(z.dtype).tiny)))
    value = kernel
    for _ in range(1, WIDTHS):
        kernel = kernel.square()
        value = value + kernel
    n = len(x)
    within = (value[:n, :n].sum() + value[n:, n:].sum() - 2 * n * WIDTHS) / (n * (n - 1))
    return within - 2 * value[:n, n:].mean()


def linear_mmd(x: Tensor, y: Tensor) -> Tensor:
    """The same with ``k(a, b) = a · b``: about the squared distance of the means, blind to all else."""
    n = len(x)
    sums = x.sum(0), y.sum(0)
    within = sum(s @ s - v.square().sum() for s, v in zip(sums, (x, y), strict=True))
    value: Tensor = within / (n * (n - 1)) - 2 * (sums[0] @ sums[1]) / n**2
    return value


def cosine_mmd(x: Tensor, y: Tensor) -> Tensor:
    """The same with ``k(a, b) = cos(a, b)``, which is positive semi-definite: means of directions are compared."""
    return linear_mmd(F.normalize(x, dim=1), F.normalize(y, dim=1))


def released_cosine_mmd(x: Tensor, y: Tensor) -> Tensor:
    """PAD's released cosine kernel, ``1 - cos``: a distance where a kernel belongs, so it parts what it should join.

    The constant cancels, and what is left is :func:`cosine_mmd` with the other sign. For parity only.
    """
    return -cosine_mmd(x, y)
