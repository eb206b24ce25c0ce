"""The lists that users would be shown: the k best items of each, from blocks of scores."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from foretaste.data.sequences import Sequences
from foretaste.evaluation.blocks import BLOCK, Seen, chunks, evaluating, score_blocks
from foretaste.models.base import Scorer, Users

NOTHING = -1
"""Stands at the end of a list that has fewer than ``k`` items to offer."""


def top_k(
    model: Scorer,
    histories: Sequences,
    users: Users = None,
    *,
    k: int,
    mask_seen: bool,
    block: int = BLOCK,
    left_out: Sequences | None = None,
) -> NDArray[np.int64]:
    """The ``k`` best items of each history, best first, ``(n, k)``; :data:`NOTHING` where none is left.

    Items scored NaN or minus infinity are never listed.

    Args:
        model: What is asked; its mode is put back afterwards.
        histories: ``n`` histories of dense item ids.
        users: Dense user ids beside them.
        k: Length of the lists; at most the size of the catalogue is used.
        mask_seen: Whether items of the history are left out.
        block: How many users are scored at once.
        left_out: What is left out in their place, ``n`` rows.
    """
    lists = np.full((len(histories), k), NOTHING, dtype=np.int64)
    with evaluating(model):
        for rows in chunks(len(histories)):
            part = histories.take(np.arange(rows.start, rows.stop))
            hidden = part if left_out is None else left_out.take(np.arange(rows.start, rows.stop))
            seen = Seen(hidden, model.num_items) if mask_seen else None
            _fill(lists[rows], model, part, None if users is None else users[rows], seen, block)
    return lists


def _fill(
    lists: NDArray[np.int64], model: Scorer, histories: Sequences, users: Users, seen: Seen | None, block: int
) -> None:
    """Writes the lists of so many users as are held at once."""
    kept = min(lists.shape[1], model.num_items)
    for part in score_blocks(model, histories, users, block=block):
        scores = part.scores if part.scratch else part.scores.clone()
        if not part.finite:
            scores.nan_to_num_(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf)
        if seen is not None:
            scores[seen.within(part.rows, scores.device)] = -torch.inf
        best = scores.topk(kept, dim=1)
        best.indices[best.values == -torch.inf] = NOTHING
        lists[part.rows, :kept] = best.indices.cpu().numpy()
