"""k-core filters: only users and items with enough interactions.

Two procedures go by this name. The iterated one repeats until every user and every item that is left has enough
interactions (Seidman, 1983); its result does not depend on the order of the steps. The single-pass one counts once, in
the whole log, and drops every interaction whose user or whose item has too few there; what is left may have users and
items below the thresholds. Published data sets were made with either (S3-Rec's heirs with the single pass).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def iterated_core(
    users: NDArray[np.int32], items: NDArray[np.int32], *, min_user: int = 5, min_item: int = 5
) -> NDArray[np.bool_]:
    """Which interactions belong to the largest part in which every user and item has enough of them.

    Args:
        users: Dense user of each interaction, ``(N,)``.
        items: Dense item of each interaction, ``(N,)``.
        min_user: Interactions (repeats count) that a user must have.
        min_item: Interactions that an item must have.

    Returns:
        A mask, ``(N,)``.
    """
    rows = np.arange(len(users))
    while True:
        sound = single_pass_core(users[rows], items[rows], min_user=min_user, min_item=min_item)
        if sound.all():
            break
        rows = rows[sound]
    mask = np.zeros(len(users), dtype=bool)
    mask[rows] = True
    return mask


def single_pass_core(
    users: NDArray[np.int32], items: NDArray[np.int32], *, min_user: int = 5, min_item: int = 5
) -> NDArray[np.bool_]:
    """Which interactions have a user and an item with enough of them in the log as it is; see :func:`iterated_core`."""
    enough_user = np.bincount(users) >= min_user
    enough_item = np.bincount(items) >= min_item
    return enough_user[users] & enough_item[items]
