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
from foretaste.evaluation.blocks import BLOCK, Seen, evaluating, score_blocks
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
        for rows, scores in score_blocks(model, targets.histories, targets.users, block=block):
            wanted = torch.from_numpy(targets.items[rows].astype(np.int64)).to(scores.device)
            places[rows] = _places(scores, wanted, seen, rows).cpu().numpy()
    return places


def _places(scores: Tensor, wanted: Tensor, seen: Seen | None, rows: slice) -> Tensor:
    """Ranks within one block of scores ``(b, num_items)``."""
    # The target's score is read from the block itself: computed anew, its last bits may differ, and ties with it.
    target = scores.gather(1, wanted[:, None])
    higher = (scores > target).sum(1)
    level = (scores == target).sum(1) - 1
    unreachable = ~(target[:, 0] > -torch.inf)
    if seen is not None:
        owners, items = seen.within(rows, scores.device)
        known, own = scores[owners, items], target[owners, 0]
        repeated = items == wanted[owners]
        higher -= _count(owners, known > own, len(target))
        level -= _count(owners, (known == own) & ~repeated, len(target))
        unreachable[owners[repeated]] = True
    place = higher.double() + level.double() / 2
    return place.masked_fill_(unreachable, UNREACHABLE)


def _count(owners: Tensor, found: Tensor, size: int) -> Tensor:
    return torch.zeros(size, dtype=torch.int64, device=owners.device).index_add_(0, owners, found.long())
