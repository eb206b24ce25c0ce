"""InfoNCE over cosines (van den Oord et al. 2018): a softmax over the target and a sample, at a low temperature.

On user-item pairs it is the loss that AlphaRec and its baselines are trained with. No logQ correction: the sample is
the objective. Items that a user is known to have are taken out of his row.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.collisions import collisions
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.negatives import NegativeSampler

CHUNK = 256
"""Rows of logits at a time: they and their gradient stay in the cache."""


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
        vectors = F.normalize(items(torch.cat([targets, drawn])), dim=-1)
        known = self.sampler.known
        left_out = collisions(known, users, drawn) if known is not None else None
        return infonce(states, vectors[: len(targets)], vectors[len(targets) :], left_out)


def infonce(
    states: Tensor, targets: Tensor, negatives: Tensor, left_out: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """``mean_n [ log(exp(s_n·t_n) + sum_k exp(s_n·z_k)) - s_n·t_n ]``; both gradients come with the value.

    Args:
        states: ``s``, ``(N, d)``.
        targets: ``t``, ``(N, d)``.
        negatives: ``z``, ``(K, d)``.
        left_out: Rows, in ascending order, and columns of the logits that do not count.
    """
    none = torch.empty(0, dtype=torch.int64, device=states.device)
    rows, columns = left_out if left_out is not None else (none, none)
    loss: Tensor = _SharedNegatives.apply(states, targets, negatives, rows, columns)  # type: ignore[no-untyped-call]
    return loss


class _SharedNegatives(torch.autograd.Function):
    """The value and the gradients chunk by chunk, so that no matrix of logits is ever kept."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, targets: Tensor, negatives: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        right = (states * targets).sum(-1)
        buffer = states.new_empty(min(CHUNK, len(states)), len(negatives))
        excess = torch.empty_like(right)
        state_grad, negative_grad = torch.empty_like(states), torch.zeros_like(negatives)
        total = states.new_zeros((), dtype=torch.float64)
        starts = range(0, len(states), CHUNK)
        edges = torch.searchsorted(rows, torch.tensor([*starts, len(states)], device=rows.device)).tolist()
        for number, start in enumerate(starts):
            part, hits = slice(start, start + CHUNK), slice(edges[number], edges[number + 1])
            shares = torch.mm(states[part], negatives.T, out=buffer[: len(right[part])])
            shares[rows[hits] - start, columns[hits]] = -torch.inf
            top = torch.maximum(shares.amax(1), right[part])
            own = (right[part] - top).exp()
            sums = shares.sub_(top[:, None]).exp_().sum(1) + own
            total += (sums.log() + top - right[part]).double().sum()
            shares /= sums[:, None]
            excess[part] = own / sums - 1
            state_grad[part] = shares @ negatives
            negative_grad.addmm_(shares.T, states[part])
        state_grad.addcmul_(excess[:, None], targets)
        scale = 1 / len(states)
        ctx.save_for_backward(state_grad * scale, states * (excess * scale)[:, None], negative_grad * scale)
        return (total * scale).to(states.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return *(saved * grads[0] for saved in ctx.saved_tensors), None, None
