"""The places of several targets of one user in a full ranking; the user is scored once.

As in :mod:`~foretaste.evaluation.ranks` a tie counts half. Targets of one user that are level with each other stand one
behind the other, so that two of them never share a place and no gain is counted twice; their mean place is the same.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.data.target_sets import TargetSets
from foretaste.evaluation.blocks import BLOCK, Block, Seen, chunks, evaluating, score_blocks
from foretaste.evaluation.ranks import COUNTED, UNREACHABLE, count_ahead
from foretaste.models.base import Scorer


def set_ranks(model: Scorer, targets: TargetSets, *, mask_seen: bool, block: int = BLOCK) -> NDArray[np.float64]:
    """Ranks of all targets among all items that may be listed, 0 is best, ``(m,)``.

    Args:
        model: What is measured; its mode is put back afterwards.
        targets: Questions with their answers.
        mask_seen: Whether ``targets.left_out`` is left out of the ranking; a target that is in it is unreachable.
        block: How many users are scored at once, at the most.
    """
    starts = np.append(targets.firsts, len(targets))
    places = np.empty(len(targets), dtype=np.float64)
    with evaluating(model):
        for rows in chunks(len(starts) - 1):
            part = slice(starts[rows.start], starts[rows.stop])
            places[part] = _set_ranks(model, targets.take(np.arange(part.start, part.stop)), mask_seen, block)
    return places


def _set_ranks(model: Scorer, targets: TargetSets, mask_seen: bool, block: int) -> NDArray[np.float64]:
    """Ranks of the targets of so many users as are held at once."""
    asked = targets.take(targets.firsts)
    starts = np.append(targets.firsts, len(targets))
    seen = Seen(asked.left_out, model.num_items) if mask_seen else None
    own = np.empty(len(targets), dtype=np.float32)
    count = np.empty(len(targets), dtype=np.float64)
    for part in score_blocks(model, asked.histories, asked.users, block=block):
        scores = part.scores if part.scratch else part.scores.clone()
        if seen is not None:
            scores[seen.within(part.rows, scores.device)] = -torch.inf
        answers = slice(starts[part.rows.start], starts[part.rows.stop])
        rows = np.repeat(np.arange(len(scores)), np.diff(starts[part.rows.start : part.rows.stop + 1]))
        rows_of = torch.from_numpy(rows).to(scores.device)
        target = scores[rows_of, torch.from_numpy(targets.items[answers].astype(np.int64)).to(scores.device)]
        own[answers] = target.cpu().numpy()
        count[answers] = _count(scores, rows_of, target, finite=part.finite).cpu().numpy()
    places = count - 0.5 + _apart(own, targets.users)
    places[~(own > -np.inf)] = UNREACHABLE
    return places


def _count(scores: Tensor, rows: Tensor, target: Tensor, *, finite: bool) -> Tensor:
    """What :func:`~foretaste.evaluation.ranks.count_ahead` gives, for several targets of a row."""
    step = max(1, COUNTED // scores.shape[1])
    pairs = zip(torch.split(rows, step), torch.split(target, step), strict=True)
    found = [
        count_ahead(Block(slice(0, len(some)), scores[some], finite=finite, scratch=True), own[:, None])
        for some, own in pairs
    ]
    return torch.cat(found) if found else target.double()


def _apart(own: NDArray[np.float32], users: NDArray[np.int64]) -> NDArray[np.float64]:
    """What is added to ranks of a user's targets of one score, so that they stand one behind the other, ``(m,)``."""
    order = np.lexsort((own, users))
    begins = np.diff(own[order], prepend=np.nan) != 0
    begins |= np.diff(users[order], prepend=-1) != 0
    first = np.flatnonzero(begins)
    sizes = np.diff(np.append(first, len(order)))
    within = np.arange(len(order)) - np.repeat(first, sizes)
    shift = np.empty(len(order), dtype=np.float64)
    shift[order] = within - (np.repeat(sizes, sizes) - 1) / 2
    return shift
