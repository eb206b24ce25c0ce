"""Discrepancies: against the loop over all pairs, and whether they see what their kernel can see."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.nn.losses import mmd

Kernel = Callable[[Tensor, Tensor, Tensor], Tensor]


def gaussian(a: Tensor, b: Tensor, z: Tensor) -> Tensor:
    mean = torch.stack([(p - q).square().sum() for p in z for q in z]).mean().detach()
    return sum(torch.exp(-(a - b).square().sum() / (2 * 2.0**k * mean)) for k in range(-3, 2))  # type: ignore[return-value]


def laplacian(a: Tensor, b: Tensor, z: Tensor) -> Tensor:
    mean = torch.stack([(p - q).abs().sum() for p in z for q in z]).mean().detach()
    return sum(torch.exp(-(a - b).abs().sum() / (2 * 2.0**k * mean)) for k in range(-3, 2))  # type: ignore[return-value]


KERNELS: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Kernel]] = {
    "gaussian": (mmd.gaussian_mmd, gaussian),
    "laplacian": (mmd.laplacian_mmd, laplacian),
    "linear": (mmd.linear_mmd, lambda a, b, _: a @ b),
    "cosine": (mmd.cosine_mmd, lambda a, b, _: F.cosine_similarity(a, b, dim=0)),
    "released cosine": (mmd.released_cosine_mmd, lambda a, b, _: 1 - F.cosine_similarity(a, b, dim=0)),
}


def by_loop(x: Tensor, y: Tensor, kernel: Kernel) -> Tensor:
    n, z = len(x), torch.cat([x, y])
    total = torch.zeros((), dtype=x.dtype)
    for i in range(n):
        for j in range(n):
            if i != j:
                total = total + (kernel(x[i], x[j], z) + kernel(y[i], y[j], z)) / (n * (n - 1))
            total = total - 2 * kernel(x[i], y[j], z) / n**2
    return total


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", KERNELS)
def test_value_and_gradients_are_those_of_the_loop(name: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    fast, kernel = KERNELS[name]
    x = (torch.randn(5, 3, dtype=dtype) + 1).requires_grad_()
    y = (torch.randn(5, 3, dtype=dtype) * 2).requires_grad_()
    made = fast(x, y)
    found = torch.autograd.grad(made, [x, y])
    wanted = by_loop(x, y, kernel)
    torch.testing.assert_close(made, wanted, atol=1e-6, rtol=1e-6)
    for mine, theirs in zip(found, torch.autograd.grad(wanted, [x, y]), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("rows", [1, 3, 5, 8, 100])
def test_blocks_of_any_height_give_the_same(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    x, y = torch.randn(10, 3, dtype=torch.float64), torch.randn(10, 3, dtype=torch.float64, requires_grad=True)
    whole = mmd.gaussian_mmd(x, y)
    (slope,) = torch.autograd.grad(whole, [y])
    monkeypatch.setattr(mmd, "ROWS", rows)
    again = mmd.gaussian_mmd(x, y)
    torch.testing.assert_close(again, whole)
    torch.testing.assert_close(torch.autograd.grad(again, [y])[0], slope)


def test_characteristic_kernels_tell_variances_apart_where_the_linear_one_does_not() -> None:
    """N(0, I) against N(0, 4 I): each value against those of samples of one distribution, which have the same mean."""
    torch.manual_seed(2)
    n, d = 300, 8

    def sample(scale: float) -> Tensor:
        drawn = torch.randn(n, d)
        return (drawn - drawn.mean(0)) * scale

    for name, (measure, _) in KERNELS.items():
        chance = torch.stack([measure(sample(1.0), sample(1.0)) for _ in range(20)])
        apart = (measure(sample(1.0), sample(2.0)) - chance.mean()) / chance.std()
        if name in ("gaussian", "laplacian"):
            assert apart > 20
    assert abs(mmd.linear_mmd(sample(1.0), sample(2.0))) < 2 * d * 5 / n
    shifted = sample(1.0) + 1
    assert mmd.linear_mmd(sample(1.0), shifted) == pytest.approx(d, rel=0.05)


def test_following_the_gradient_brings_distributions_together() -> None:
    torch.manual_seed(3)
    x, y = torch.randn(32, 3) * 0.3 + 2, torch.nn.Parameter(torch.randn(32, 3))
    optimizer = torch.optim.Adam([y], lr=0.1)
    begun = float(mmd.gaussian_mmd(x, y.detach()))
    for _ in range(60):
        optimizer.zero_grad()
        mmd.gaussian_mmd(x, y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert float(mmd.gaussian_mmd(x, y.detach())) < begun / 10
    assert (y.detach().mean(0) - x.mean(0)).norm() < 0.3 * x.mean(0).norm()


def test_equal_vectors_are_no_division_by_zero() -> None:
    x = torch.ones(4, 2, requires_grad=True)
    for measure, _ in KERNELS.values():
        value = measure(x, torch.ones(4, 2))
        assert math.isfinite(value.item())
        assert torch.isfinite(torch.autograd.grad(value, [x])[0]).all()
