"""Bayesian personalised ranking (Rendle et al., UAI 2009, eq. 4): what was taken should score above what was not."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.bce import sampled_scores
from foretaste.nn.negatives import NegativeSampler


class BPRLoss(nn.Module):
    """``mean_nk softplus(s_nk - s_n,target)`` over ``negatives`` items drawn for each target.

    Args:
        sampler: Where negatives come from.
        negatives: How many for each target; the paper uses 1.
    """

    def __init__(self, sampler: NegativeSampler, *, negatives: int = 1) -> None:
        super().__init__()
        self.sampler, self.negatives = sampler, negatives

    def forward(self, states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation) -> Tensor:
        return bpr(*sampled_scores(states, targets, users, items, self.sampler, self.negatives))


def bpr(right: Tensor, wrong: Tensor) -> Tensor:
    """The mean of ``-log sigmoid(right - wrong)``.

    Args:
        right: Scores of the targets, ``(N,)``.
        wrong: Scores of their negatives, ``(N, K)``.
    """
    return F.softplus(wrong - right[:, None]).mean()
