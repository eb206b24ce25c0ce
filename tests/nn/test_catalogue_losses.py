"""Sampled losses against loops over the very negatives that were drawn."""

import math

import torch
from torch.nn import functional as F

from foretaste.nn.items import IdTable
from foretaste.nn.losses.bce import BCELoss
from foretaste.nn.losses.gbce import GBCELoss
from foretaste.nn.losses.sampled_softmax import SampledSoftmaxLoss
from foretaste.nn.negatives import NegativeSampler


def _setting(rows=5, items=30):
    torch.manual_seed(0)
    table = IdTable(items, 8, std=1.0)
    return table, torch.randn(rows, 8), torch.randint(items, (rows,)), torch.arange(rows)


def _again(sampler, users, count):
    torch.manual_seed(9)
    drawn = sampler.own(users, count)
    torch.manual_seed(9)
    return drawn


def test_bce_is_the_mean_over_targets_and_their_negatives():
    table, states, targets, users = _setting()
    sampler = NegativeSampler("uniform", 30)
    drawn = _again(sampler, users, 3)
    loss = BCELoss(sampler, negatives=3)(states, targets, users, table)
    wanted = 0.0
    for row in range(5):
        wanted -= math.log(torch.sigmoid(states[row] @ table.weight[targets[row]]).item()) / 5
        for item in drawn[row]:
            wanted -= math.log(1 - torch.sigmoid(states[row] @ table.weight[item]).item()) / 15
    assert abs(loss.item() - wanted) < 1e-4


def test_gbce_with_zero_calibration_is_plain_bce_over_all_terms():
    table, states, targets, users = _setting()
    sampler = NegativeSampler("uniform", 30)
    drawn = _again(sampler, users, 4)
    loss = GBCELoss(sampler, negatives=4, calibration=0.0)(states, targets, users, table)
    right = F.softplus(-(states * table.weight[targets]).sum(1)).sum()
    wrong = F.softplus((table.weight[drawn] * states[:, None]).sum(-1)).sum()
    torch.testing.assert_close(loss, (right + wrong) / (5 * 5))


def test_gbce_beta_matches_the_papers_limits():
    sampler = NegativeSampler("uniform", 1001)
    assert math.isclose(GBCELoss(sampler, negatives=100, calibration=1.0).beta, 0.1)
    assert math.isclose(GBCELoss(sampler, negatives=100, calibration=0.0).beta, 1.0)


def test_sampled_softmax_estimates_the_full_denominator():
    """With the correction, the sampled partition sum is unbiased, whatever the sampler prefers."""
    torch.manual_seed(3)
    table, states, targets, users = _setting(rows=2, items=40)
    counts = torch.randint(1, 50, (40,))
    full = F.cross_entropy(states @ table.weight.T, targets).item()
    for kind in ("uniform", "popularity"):
        sampler = NegativeSampler(kind, 40, counts=counts)
        loss = SampledSoftmaxLoss(sampler, negatives=200_000)(states, targets, users, table)
        assert abs(loss.item() - full) < 0.02


def test_sampled_softmax_ignores_accidental_hits():
    table, states, targets, users = _setting(rows=1, items=1)
    loss = SampledSoftmaxLoss(NegativeSampler("uniform", 1), negatives=16)(states, targets * 0, users, table)
    assert loss.item() == 0.0
