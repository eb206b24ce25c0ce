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
from foretaste.evaluation.blocks import BLOCK, Block, Seen, chunks, evaluating, score_blocks
from foretaste.models.base import Scorer

UNREACHABLE = float("inf")
"""Rank of a target that can not be recommended."""

COUNTED = 4_000_000
"""Scores counted at once: 16 MB. Smaller pieces stay in a nearer cache but cost more calls than they save."""


def ranks(model: Scorer, targets: Targets, *, mask_seen: bool, block: int = BLOCK) -> NDArray[np.float64]:
    """Ranks of the targets among all items, 0 is best, ``(m,)``.

    Args:
        model: What is measured; its mode is put back afterwards.
        targets: Questions with their histories.
        mask_seen: Whether items of the history are left out of the ranking; a target that is one of them is
            unreachable.
        block: How many users are scored at once, at the most.
    """
    places = np.empty(len(targets), dtype=np.float64)
    with evaluating(model):
        for rows in chunks(len(targets)):
            places[rows] = _ranks(model, targets.take(np.arange(rows.start, rows.stop)), mask_seen, block)
    return places


def _ranks(model: Scorer, targets: Targets, mask_seen: bool, block: int) -> NDArray[np.float64]:
    """Ranks of so many targets as are held at once."""
    seen = Seen(targets.histories, model.num_items) if mask_seen else None
    wanted = torch.from_numpy(targets.items.astype(np.int64))[:, None]
    own = np.empty(len(targets), dtype=np.float32)
    count = np.empty(len(targets), dtype=np.float64)
    known = np.empty(len(seen.items) if seen else 0, dtype=np.float32)
    for part in score_blocks(model, targets.histories, targets.users, block=block):
        # The target's score is read from the block itself: computed anew, its last bits may differ, and ties with it.
        target = part.scores.gather(1, wanted[part.rows].to(part.scores.device))
        own[part.rows] = target[:, 0].cpu().numpy()
        if seen is not None:
            known[seen.pairs(part.rows)] = part.scores[seen.within(part.rows, part.scores.device)].cpu().numpy()
        count[part.rows] = count_ahead(part, target).cpu().numpy()
    # The target itself was counted as a tie. Seen items were counted too: their share is taken off, which is cheaper
    # than writing over their scores first.
    places = count - 0.5
    places[~(own > -np.inf)] = UNREACHABLE
    if seen is not None:
        repeated = seen.items == targets.items[seen.rows]
        ahead = ((known > own[seen.rows]) * 0.5 + (known >= own[seen.rows]) * 0.5) * ~repeated
        places -= np.bincount(seen.rows, weights=ahead, minlength=len(places))
        places[seen.rows[repeated]] = UNREACHABLE
    return places


def ranks_of_leads(leads: Tensor, wanted: Tensor) -> Tensor:
    """Ranks from how far every item is ahead of the target, ``(b,)`` float64; infinite for a target left out.

    With ``g`` items ahead, ``e`` level (the target among them) and ``l`` behind, the signs add up to ``g - l``, so the
    rank ``g + (e - 1) / 2`` is ``(V - 1 + g - l) / 2``.

    Args:
        leads: Score of every item minus that of the row's target, ``(b, V)``; minus infinity for an item that is left
            out. The signs are written over it.
        wanted: The targets, ``(b, 1)`` int64.
    """
    left_out = leads.gather(1, wanted)[:, 0] == -torch.inf
    place = (leads.sign_().sum(1).double() + (leads.shape[1] - 1)) / 2
    return place.masked_fill(left_out, UNREACHABLE)


def count_ahead(part: Block, target: Tensor) -> Tensor:
    """Items with a higher score, and half of those with the same score, for each row of a block, ``(b,)`` float64."""
    step = max(1, COUNTED // part.scores.shape[1])
    count = _sweep if part.finite and part.scratch else _compare
    pairs = zip(torch.split(part.scores, step), torch.split(target, step), strict=True)
    return torch.cat([count(scores, own) for scores, own in pairs]).double() / 2


def _sweep(scores: Tensor, target: Tensor) -> Tensor:
    """Twice the count for finite scores: all items, and those above minus those below; overwrites ``scores``."""
    return scores.sub_(target).sign_().sum(1) + scores.shape[1]


def _compare(scores: Tensor, target: Tensor) -> Tensor:
    """Twice the count for any scores; a NaN is neither above the target nor level with it."""
    flags = torch.empty_like(scores)
    higher = torch.gt(scores, target, out=flags).sum(1)
    return higher + torch.ge(scores, target, out=flags).sum(1)
