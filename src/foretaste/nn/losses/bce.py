"""Binary cross-entropy with sampled negatives, plain (SASRec, Kang & McAuley 2018, eq. 6) and generalised (gSASRec)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.items import ItemRepresentation
from foretaste.nn.negatives import NegativeSampler


class BCELoss(nn.Module):
    """``softplus(-s_target) + mean_k softplus(s_k)`` over ``negatives`` items drawn for each target.

    Args:
        sampler: Where negatives come from; those of :class:`NegativeSampler` never are the user's own items.
        negatives: How many for each target; the papers use 1.
    """

    def __init__(self, sampler: NegativeSampler, *, negatives: int = 1) -> None:
        super().__init__()
        self.sampler, self.negatives = sampler, negatives

    def forward(self, states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation) -> Tensor:
        right, wrong = sampled_scores(states, targets, users, items, self.sampler, self.negatives)
        return F.softplus(-right).mean() + F.softplus(wrong).mean()


def sampled_scores(
    states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation, sampler: NegativeSampler, count: int
) -> tuple[Tensor, Tensor]:
    """Scores of the targets ``(N,)`` and of ``count`` negatives for each, ``(N, count)``."""
    drawn = sampler.own(users, count)
    right = (states * items(targets)).sum(-1)
    wrong = (items(drawn) @ states[:, :, None]).squeeze(-1)
    return right, wrong
