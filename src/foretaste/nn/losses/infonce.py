"""InfoNCE over cosines (van den Oord et al. 2018): a softmax over the target and a sample, at a low temperature.

On user-item pairs it is the loss that AlphaRec and its baselines are trained with. No logQ correction: the sample is
the objective. Items that a user is known to have are taken out of his row.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.collisions import collisions
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.negatives import NegativeSampler


class InfoNCELoss(nn.Module):
    """``-log [ exp(c_target / t) / (exp(c_target / t) + sum_k exp(c_k / t)) ]`` with ``c`` the cosine.

    Args:
        sampler: Where the negatives that the whole batch shares come from; what it knows of the users is left out.
        negatives: How many are drawn for a batch.
        temperature: ``t``.
    """

    def __init__(self, sampler: NegativeSampler, *, negatives: int, temperature: float = 0.15) -> None:
        super().__init__()
        self.sampler, self.negatives, self.temperature = sampler, negatives, temperature

    def forward(self, states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation) -> Tensor:
        drawn, _ = self.sampler.shared(self.negatives, targets)
        states = F.normalize(states, dim=-1) / self.temperature
        right = (states * F.normalize(items(targets), dim=-1)).sum(-1)
        wrong = states @ F.normalize(items(drawn), dim=-1).T
        if self.sampler.known is not None:
            rows, columns = collisions(self.sampler.known, users, drawn)
            wrong = wrong.index_put((rows, columns), wrong.new_tensor(float("-inf")))
        return infonce(right, wrong)


def infonce(right: Tensor, wrong: Tensor) -> Tensor:
    """Mean cross-entropy of the first column of ``[right | wrong]``.

    Args:
        right: Logits of the targets, ``(N,)``.
        wrong: Logits of the negatives, ``(N, K)``; minus infinity where one does not count.
    """
    return (torch.logsumexp(torch.cat([right[:, None], wrong], dim=1), dim=1) - right).mean()
