"""Negative samplers: whole batches at once, without false negatives.

Two needs, two methods: ``own`` draws negatives for each row and never one of the user's items; ``shared`` draws one
set for the whole batch together with the logarithm of how often each is expected, for the logQ correction.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from foretaste.nn.membership import Membership

_TRIES = 20


class NegativeSampler(nn.Module):
    """Draws items uniformly, by popularity, or from the batch's own targets.

    Args:
        kind: ``"uniform"``, ``"popularity"`` (in proportion to ``counts ** power``) or ``"in-batch"``.
        num_items: Size of the catalogue.
        counts: Training interactions of each item, ``(num_items,)``; needed for the last two kinds.
        known: The users' items, which are never drawn by ``own``; None allows all.
        power: Exponent on the counts (word2vec's 0.75 flattens them).
    """

    counts: Tensor
    cumulative: Tensor

    def __init__(
        self,
        kind: str,
        num_items: int,
        *,
        counts: Tensor | None = None,
        known: Membership | None = None,
        power: float = 1.0,
    ) -> None:
        super().__init__()
        self.kind, self.num_items, self.known = kind, num_items, known
        weights = torch.ones(num_items) if counts is None or kind == "uniform" else counts.double() ** power
        share = weights.double() / weights.double().sum()
        self.register_buffer("log_share", share.clamp_min(1e-12).log().float(), persistent=False)
        self.register_buffer("cumulative", share.cumsum(0), persistent=False)

    log_share: Tensor

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """Items drawn independently with replacement, int64 of the given shape."""
        device = self.cumulative.device
        if self.kind == "uniform":
            return torch.randint(self.num_items, shape, device=device)
        points = torch.rand(shape, dtype=torch.float64, device=device)
        return torch.searchsorted(self.cumulative, points).clamp_max(self.num_items - 1)

    def shared(self, count: int, targets: Tensor) -> tuple[Tensor, Tensor]:
        """One set of negatives for a batch.

        Args:
            count: How many to draw; the in-batch kind takes the batch's targets instead.
            targets: The batch's targets, ``(N,)``.

        Returns:
            Items ``(n,)`` and the logarithm of each one's expected number of draws, ``(n,)``.
        """
        drawn = targets if self.kind == "in-batch" else self.draw((count,))
        return drawn, self.log_share[drawn] + math.log(len(drawn))

    def own(self, users: Tensor, count: int) -> Tensor:
        """Negatives for each row, ``(N, count)``; items of the row's user are drawn again.

        A user who has (nearly) everything may keep a known item after twenty tries; nothing waits for ever.
        """
        drawn = self.draw((len(users), count))
        if self.known is None:
            return drawn
        owners = users[:, None].expand_as(drawn)
        for _ in range(_TRIES):
            bad = self.known(owners, drawn).nonzero(as_tuple=True)
            if not len(bad[0]):
                break
            drawn[bad] = self.draw((len(bad[0]),))
        return drawn
