"""The place of each target in a full ranking of the catalogue, found by counting instead of sorting.

A rank counts what stands before the target: 0 is the best. Every item with a higher score counts one, every other item
with the same score counts half, because the order within a tie is a coin toss. NaN and minus infinity mean "not
scored" (:class:`~foretaste.models.base.Scorer`): such an item stands behind every other, and a target of which the
model says this, or which may not be recommended because it was seen, has no place: its rank is infinite, a miss at
every cut-off.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.data.split import Targets
from foretaste.evaluation.blocks import BLOCK, Block, Seen, evaluating, score_blocks
from foretaste.models.base import Scorer

UNREACHABLE = float("inf")
"""Rank of a target that can not be recommended."""


def ranks(model: Scorer, targets: Targets, *, mask_seen: bool, block: int = BLOCK) -> NDArray[np.float64]:
    """Ranks of the targets among all items, 0 is best, ``(m,)``.

    Args:
        model: What is measured; its mode is put back afterwards.
        targets: Questions with their histories.
        mask_seen: Whether items of the history are left out of the ranking; a target that is one of them is
            unreachable.
        block: How many users are scored at once.
    """
    places = np.empty(len(targets), dtype=np.float64)
    seen = Seen(targets.histories, model.num_items) if mask_seen else None
    with evaluating(model):
        for part in score_blocks(model, targets.histories, targets.users, block=block):
            wanted = torch.from_numpy(targets.items[part.rows].astype(np.int64)).to(part.scores.device)
            places[part.rows] = _places(part, wanted, seen).cpu().numpy()
    return places


def _places(part: Block, wanted: Tensor, seen: Seen | None) -> Tensor:
    """Ranks within one block, ``(b,)`` float64."""
    scores = part.scores
    # The target's score is read from the block itself: computed anew, its last bits may differ, and ties with it.
    target = scores.gather(1, wanted[:, None])
    unreachable = ~(target[:, 0] > -torch.inf)
    # Instead of writing over the scores of seen items before counting, their share is taken off the count.
    away = torch.zeros(len(target), device=scores.device)
    if seen is not None:
        owners, items = seen.within(part.rows, scores.device)
        repeated = items == wanted[owners]
        unreachable[owners[repeated]] = True
        ahead = _ahead(scores[owners, items], target[owners, 0]).masked_fill_(repeated, 0)
        away.index_add_(0, owners, ahead)
    count = _count_finite if part.finite and part.scratch else _count
    place = count(scores, target).double() - 0.5 - away.double()
    return place.masked_fill_(unreachable, UNREACHABLE)


def _ahead(scores: Tensor, target: Tensor) -> Tensor:
    """1 where a score beats the target's, one half where it ties, 0 elsewhere and for NaN."""
    return ((scores > target).float() + (scores >= target).float()) / 2


def _count(scores: Tensor, target: Tensor) -> Tensor:
    """Sum of :func:`_ahead` over the catalogue, the target itself included, ``(b,)``."""
    flags = torch.gt(scores, target, out=torch.empty_like(scores))
    higher = flags.sum(1)
    return (higher + torch.ge(scores, target, out=flags).sum(1)) / 2


def _count_finite(scores: Tensor, target: Tensor) -> Tensor:
    """The same for finite scores in one sweep: items above minus items below the target; overwrites ``scores``."""
    return (scores.sub_(target).sign_().sum(1) + scores.shape[1]) / 2
