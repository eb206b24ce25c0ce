"""Where a shared set of negatives hits what a user already has, without looking at every (user, negative) pair."""

from __future__ import annotations

import torch
from torch import Tensor

from foretaste.nn.membership import Membership
from foretaste.nn.runs import expand_runs


def collisions(known: Membership, users: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """All places ``(n, k)`` at which ``users[n]`` has the item ``drawn[k]``.

    Walks the items of each user once, however often the user stands there, and looks each up in the sorted draw: the
    cost grows with the users' items and with what is found, not with ``N × K``.

    Args:
        known: The users' items.
        users: ``(N,)`` int64.
        drawn: ``(K,)`` int64; an item may stand there more than once.

    Returns:
        Rows, in ascending order, and columns, each ``(hits,)`` int64.
    """
    persons, who = torch.unique(users, return_inverse=True)
    begins, ends = (torch.searchsorted(known.keys, (persons + after) * known.num_items) for after in (0, 1))
    owners, places = expand_runs(begins, ends)
    items = known.keys[places] % known.num_items
    ordered, order = torch.sort(drawn)
    found, columns = expand_runs(torch.searchsorted(ordered, items), torch.searchsorted(ordered, items, right=True))
    ends = torch.bincount(owners[found], minlength=len(persons)).cumsum(0)
    rows, hits = expand_runs((ends - ends.diff(prepend=ends.new_zeros(1)))[who], ends[who])
    return rows, order[columns][hits]
