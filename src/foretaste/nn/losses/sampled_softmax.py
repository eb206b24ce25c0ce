"""Softmax over the target and a shared sample of the catalogue, with the logQ correction.

The sampled part estimates the full denominator: each negative's score is lowered by the logarithm of its expected
number of draws (Bengio & Senécal 2008; Yi et al. 2019). The target is not drawn but always there, so its own score
is left alone, and a negative that happens to be the row's target is taken out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from foretaste.nn.items import ItemRepresentation
from foretaste.nn.negatives import NegativeSampler


class SampledSoftmaxLoss(nn.Module):
    """Cross-entropy against ``negatives`` items shared by the batch.

    Args:
        sampler: Where negatives come from.
        negatives: How many are drawn for a batch.
        temperature: Scores are divided by it.
    """

    def __init__(self, sampler: NegativeSampler, *, negatives: int, temperature: float = 1.0) -> None:
        super().__init__()
        self.sampler, self.negatives, self.temperature = sampler, negatives, temperature

    def forward(self, states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation) -> Tensor:
        drawn, log_expected = self.sampler.shared(self.negatives, targets)
        states = states / self.temperature
        right = (states * items(targets)).sum(-1, keepdim=True)
        wrong = torch.addmm(-log_expected, states, items(drawn).T)
        wrong = wrong.masked_fill(drawn == targets[:, None], float("-inf"))
        total = torch.logsumexp(torch.cat([right, wrong], dim=1), dim=1, keepdim=True)
        loss: Tensor = (total - right).mean()
        return loss
