"""Generalised binary cross-entropy (Petrov & Macdonald 2023, gSASRec, eq. 6–8).

Sampling few negatives makes a model overconfident; raising the target's probability to the power beta undoes it:
``beta = alpha * (t * (1 - 1/alpha) + 1/alpha)`` with ``alpha = negatives / (num_items - 1)``. ``t = 0`` is plain BCE,
``t = 1`` is fully calibrated.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.bce import sampled_scores
from foretaste.nn.negatives import NegativeSampler


class GBCELoss(nn.Module):
    """``-(beta * log sigmoid(s_target) + sum_k log(1 - sigmoid(s_k))) / (negatives + 1)``.

    Args:
        sampler: Where negatives come from.
        negatives: How many for each target; the paper uses 256.
        calibration: The paper's ``t`` in [0, 1]; it recommends 0.75.
    """

    def __init__(self, sampler: NegativeSampler, *, negatives: int = 256, calibration: float = 0.75) -> None:
        super().__init__()
        self.sampler, self.negatives = sampler, negatives
        rate = negatives / max(sampler.num_items - 1, 1)
        self.beta = rate * (calibration * (1 - 1 / rate) + 1 / rate)

    def forward(self, states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation) -> Tensor:
        right, wrong = sampled_scores(states, targets, users, items, self.sampler, self.negatives)
        loss = self.beta * F.softplus(-right) + F.softplus(wrong).sum(-1)
        return loss.mean() / (self.negatives + 1)
