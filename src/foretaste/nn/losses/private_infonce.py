"""InfoNCE over cosines with negatives of its own for each interaction, as AlphaRec's release trains it.

The same objective as :mod:`~foretaste.nn.losses.infonce`, whose negatives a batch shares: each row's are an independent
uniform draw in both, so both have the same expected gradient; here the rows' draws are independent too. That costs a
lookup of ``N × K`` vectors, done a few rows at a time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.items import ItemRepresentation
from foretaste.nn.negatives import NegativeSampler

CELLS = 1 << 22
"""Numbers of looked-up vectors at a time: 16 MB."""


class PrivateInfoNCELoss(nn.Module):
    """``-log [ exp(c_target / t) / (exp(c_target / t) + sum_k exp(c_nk / t)) ]`` with ``c`` the cosine.

    Args:
        sampler: Where negatives come from; never an item that the user is known to have.
        negatives: How many for each interaction.
        temperature: ``t``.
    """

    def __init__(self, sampler: NegativeSampler, *, negatives: int = 256, temperature: float = 0.15) -> None:
        super().__init__()
        self.sampler, self.negatives, self.temperature = sampler, negatives, temperature

    def forward(self, states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation) -> Tensor:
        drawn = self.sampler.own(users, self.negatives)
        states = F.normalize(states, dim=-1) / self.temperature
        return private_infonce(states, F.normalize(items.table(), dim=-1), targets, drawn)


def private_infonce(states: Tensor, table: Tensor, targets: Tensor, drawn: Tensor) -> Tensor:
    """``mean_n [ log(exp(s_n·v_target) + sum_k exp(s_n·v_nk)) - s_n·v_target ]``; gradients come with the value.

    Args:
        states: ``s``, ``(N, d)``.
        table: Item vectors ``v``, ``(V, d)``.
        targets: Dense ids, ``(N,)``.
        drawn: Dense ids of the negatives, ``(N, K)``.
    """
    loss: Tensor = _PrivateNegatives.apply(states, table, targets, drawn)  # type: ignore[no-untyped-call]
    return loss


class _PrivateNegatives(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, table: Tensor, targets: Tensor, drawn: Tensor) -> Tensor:
        state_grad, table_grad = torch.empty_like(states), torch.zeros_like(table)
        total = states.new_zeros((), dtype=torch.float64)
        candidates = torch.cat([targets[:, None], drawn], 1)
        step = max(1, CELLS // (candidates.shape[1] * states.shape[1]))
        for start in range(0, len(states), step):
            part, ids = states[start : start + step], candidates[start : start + step]
            vectors = F.embedding(ids, table)
            logits = torch.bmm(vectors, part[:, :, None])[:, :, 0]
            total += (logits.logsumexp(1) - logits[:, 0]).double().sum()
            shares = logits.softmax(1)
            shares[:, 0] -= 1
            state_grad[start : start + step] = torch.bmm(shares[:, None], vectors)[:, 0]
            pulls = shares[:, :, None] * part[:, None]
            table_grad.index_add_(0, ids.reshape(-1), pulls.reshape(-1, pulls.shape[2]))
        ctx.save_for_backward(state_grad / len(states), table_grad / len(states))
        return (total / len(states)).to(states.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return *(saved * grads[0] for saved in ctx.saved_tensors), None, None
