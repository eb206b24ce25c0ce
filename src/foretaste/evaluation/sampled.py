"""The papers' shortcut: the target against 100 sampled items instead of the whole catalogue.

It flatters every model and may turn the order of two models around; it is here to be compared with published tables
and says so wherever its numbers go. The candidates are a pure function of the data set's fingerprint, a seed and the
user: the same whichever users are evaluated, in whatever order, on whatever machine, so they need not be stored.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import torch
from numpy.typing import NDArray

from foretaste.core.errors import DataError
from foretaste.data.sequences import Sequences
from foretaste.data.split import Targets
from foretaste.evaluation.blocks import BLOCK, chunks, distinct, evaluating, score_blocks
from foretaste.evaluation.ranks import UNREACHABLE
from foretaste.models.base import Scorer

SAMPLED = 100
"""Sampled items beside the target."""


def candidates(
    sequences: Sequences,
    users: NDArray[np.int64],
    num_items: int,
    *,
    fingerprint: str,
    seed: int = 0,
    count: int = SAMPLED,
) -> NDArray[np.int64]:
    """Distinct items drawn uniformly for each user among those the user never took, ``(m, count)``.

    Args:
        sequences: All interactions of all users, held-out ones included.
        users: Dense ids of the users asked, ``(m,)``.
        num_items: Size of the catalogue.
        fingerprint: Of the data set.
        seed: Another seed gives other candidates.
        count: How many for each user.

    Raises:
        DataError: If a user leaves fewer than ``count`` items.
    """
    owned = distinct(sequences.owners() * num_items + sequences.flat())
    left = num_items - np.bincount(owned // num_items, minlength=len(sequences))[users]
    if len(left) and left.min() < count:
        raise DataError(
            f"{int((left < count).sum())} users leave fewer than {count} items to sample from",
            allowed=f"users who took at most {num_items - count} of the {num_items} items",
            mend="rank the full catalogue instead (protocol=full)",
        )
    key = int.from_bytes(sha256(f"{fingerprint}:{seed}".encode()).digest()[:8], "little")
    found = np.empty((len(users), count), dtype=np.int64)
    open_rows, width = np.arange(len(users)), count + 28
    while len(open_rows):
        drawn = _draw(key, users[open_rows], width, num_items)
        order, enough = _first_distinct(drawn, users[open_rows], owned, num_items, count)
        found[open_rows[enough]] = np.take_along_axis(drawn, order, 1)[enough]
        open_rows, width = open_rows[~enough], width * 4
    return found


def _first_distinct(
    drawn: NDArray[np.int64], users: NDArray[np.int64], owned: NDArray[np.int64], num_items: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Places of the first ``count`` draws of each row that are new and not owned, and which rows have as many."""
    keys = users[:, None] * num_items + drawn
    near = np.minimum(np.searchsorted(owned, keys), max(len(owned) - 1, 0))
    good = owned[near] != keys if len(owned) else np.ones(keys.shape, dtype=np.bool_)
    order = np.argsort(drawn, axis=1, kind="stable")
    rising = np.take_along_axis(drawn, order, 1)
    again = np.zeros_like(good)
    np.put_along_axis(again, order[:, 1:], rising[:, 1:] == rising[:, :-1], 1)
    good &= ~again
    return np.argsort(~good, axis=1, kind="stable")[:, :count], good.sum(1) >= count


def _draw(key: int, users: NDArray[np.int64], width: int, num_items: int) -> NDArray[np.int64]:
    """Draws 0 … width-1 of each user: SplitMix64 of key, user and number, scaled to the catalogue."""
    streams = _mix(users.astype(np.uint64) + np.uint64(key))
    steps = np.arange(1, width + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    bits = _mix(streams[:, None] + steps[None, :]) >> np.uint64(32)
    return ((bits * np.uint64(num_items)) >> np.uint64(32)).astype(np.int64)


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The output function of SplitMix64 (Steele, Lea and Flood, 2014); products wrap around."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return mixed


def sampled_ranks(
    model: Scorer, targets: Targets, others: NDArray[np.int64], *, block: int = BLOCK
) -> NDArray[np.float64]:
    """Ranks of the targets among their candidates, 0 is best, ``(m,)``; ties half, NaN last, as in a full ranking.

    Args:
        model: What is measured.
        targets: Questions with their histories.
        others: Candidates beside each target, ``(m, count)``.
        block: How many users are scored at once.
    """
    places = np.empty(len(targets), dtype=np.float64)
    with evaluating(model):
        for rows in chunks(len(targets)):
            part = targets.take(np.arange(rows.start, rows.stop))
            places[rows] = _sampled_ranks(model, part, others[rows], block)
    return places


def _sampled_ranks(model: Scorer, targets: Targets, others: NDArray[np.int64], block: int) -> NDArray[np.float64]:
    places = np.empty(len(targets), dtype=np.float64)
    wanted = torch.from_numpy(targets.items.astype(np.int64))[:, None]
    for part in score_blocks(model, targets.histories, targets.users, block=block):
        device = part.scores.device
        target = part.scores.gather(1, wanted[part.rows].to(device))
        rivals = part.scores.gather(1, torch.from_numpy(others[part.rows]).to(device))
        place = ((rivals > target).sum(1) + (rivals >= target).sum(1)).double() / 2
        place[~(target[:, 0] > -torch.inf)] = UNREACHABLE
        places[part.rows] = place.cpu().numpy()
    return places
