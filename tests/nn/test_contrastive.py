"""Contrastive losses against naive formulas."""

import math

import pytest
import torch
from torch.nn import functional as F

from foretaste.nn.losses.soft_clip import soft_clip
from foretaste.nn.losses.symmetric import symmetric_infonce


@pytest.fixture
def views():
    torch.manual_seed(0)
    return [torch.randn(7, 5, dtype=torch.float64, requires_grad=True) for _ in range(2)]


def _naive(x, y, t, left_out):
    """One direction, row by row."""
    total = 0.0
    for i in range(len(x)):
        scores = [F.cosine_similarity(x[i], y[j], dim=0) / t for j in range(len(y)) if j == i or not left_out[i][j]]
        own = F.cosine_similarity(x[i], y[i], dim=0) / t
        total = total + torch.logsumexp(torch.stack(scores), 0) - own
    return total / len(x)


def test_infonce_is_the_mean_of_both_directions(views):
    x, y = views
    none = torch.zeros(7, 7, dtype=torch.bool)
    wanted = (_naive(x, y, 0.3, none) + _naive(y, x, 0.3, none)) / 2
    found = symmetric_infonce(x, y, 0.3)
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-5)
    grads = torch.autograd.grad(wanted, views)
    for got, want in zip(torch.autograd.grad(found, views), grads, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)


def test_what_is_no_negative_is_left_out_of_its_own_direction(views):
    x, y = views
    same_x, same_y = torch.rand(7, 7) < 0.3, torch.rand(7, 7) < 0.3
    wanted = (_naive(x, y, 0.3, same_y) + _naive(y, x, 0.3, same_x)) / 2
    torch.testing.assert_close(symmetric_infonce(x, y, 0.3, same_x, same_y).double(), wanted, rtol=1e-5, atol=1e-5)


def test_a_temperature_can_learn(views):
    x, y = (v.detach() for v in views)
    t = torch.tensor(0.3, requires_grad=True)
    symmetric_infonce(x, y, t).backward()
    step = 1e-3
    slope = (symmetric_infonce(x, y, 0.3 + step) - symmetric_infonce(x, y, 0.3 - step)) / (2 * step)
    assert float(t.grad) == pytest.approx(float(slope), rel=1e-2)


def test_soft_clip_row_by_row(views):
    x, y = (v.detach() for v in views)
    t, n = 2.0, len(x)
    targets = [[math.exp(t * float(x[i] @ x[j] + y[i] @ y[j]) / 2) for j in range(n)] for i in range(n)]
    targets = [[cell / sum(row) for cell in row] for row in targets]
    total = 0.0
    for i in range(n):
        for j in range(n):
            rows = sum(math.exp(float(x[i] @ y[k]) / t) for k in range(n))
            columns = sum(math.exp(float(x[k] @ y[i]) / t) for k in range(n))
            total -= targets[i][j] * (float(x[i] @ y[j]) / t - math.log(rows)) / 2
            total -= targets[j][i] * (float(x[j] @ y[i]) / t - math.log(columns)) / 2
    assert float(soft_clip(x, y, t)) == pytest.approx(total / n, rel=1e-5)


def test_soft_clip_learns_through_its_targets_unless_told_not_to(views):
    x, y = views
    through = torch.autograd.grad(soft_clip(x, y, 2.0), x)[0]
    around = torch.autograd.grad(soft_clip(x, y, 2.0, detach=True), x)[0]
    assert not torch.allclose(through, around)
    targets = torch.softmax((x @ x.T + y @ y.T).detach(), 1).float()
    logits = (x @ y.T / 2).float()
    cross = -(targets * logits.log_softmax(1)).sum(1) - (targets.T * logits.T.log_softmax(1)).sum(1)
    torch.testing.assert_close(around, torch.autograd.grad(cross.mean() / 2, x)[0], rtol=1e-4, atol=1e-6)


def test_long_vectors_stay_finite():
    x = torch.randn(8, 64) * 300
    assert torch.isfinite(soft_clip(x, x + 1, 2.0))
    assert torch.isfinite(symmetric_infonce(x, x + 1, 0.01))
