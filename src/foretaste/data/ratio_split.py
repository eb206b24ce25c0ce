"""Four tenths of each user's items for training, three for validation, three for the test: AlphaRec's protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.core.errors import DataError
from foretaste.data.sequences import Sequences
from foretaste.data.split import Split
from foretaste.data.target_sets import TargetSets

SHARES = (4, 3, 3)
MIN_ITEMS = 5
"""Users with fewer distinct items are trained on whole and not asked; the paper drops those with fewer than 20."""

SEED = 0
"""Of the dealing. It is part of the protocol, the same whatever the seed of a run, so that runs can be paired."""


def ratio_split(sequences: Sequences, *, chronological: bool = False, seed: int = SEED) -> Split:
    """Deals the distinct items of each user 4:3:3.

    A held-out item that nobody has in training is dropped. Every question of a user is asked with the training items
    as history; at the test the validation items are left out of the ranking too. (The released code leaves the test
    items out of the ranking when it validates. That shortens the list that validation looks at by the right answers
    of another question; it is not done here.)

    Args:
        sequences: All interactions, oldest first; of an item taken again the first time counts.
        chronological: Whether the oldest items are for training and the newest for the test, instead of at random.
        seed: Of the dealing.

    Raises:
        DataError: If nobody can be asked.
    """
    rows = _once(sequences)
    long = rows.lengths >= MIN_ITEMS
    part = _parts(rows, long, chronological, seed)
    items = rows.flat()
    known = np.bincount(items[part == 0], minlength=int(items.max(initial=0)) + 1) > 0
    kept = (part == 0) | known[items]
    arranged, counts = _arranged(rows, part, kept)
    train = arranged.first(counts[0])
    valid = _targets(arranged, counts[0], counts[1], train, train)
    seen = arranged.first(counts[0] + counts[1])
    test = _targets(arranged, counts[0] + counts[1], counts[2], train, seen)
    if not len(valid) or not len(test):
        raise DataError(
            f"no user has {MIN_ITEMS} different items or more that others have too, so nothing can be held out",
            allowed=f"users with {MIN_ITEMS} items or more",
            mend="import more of the log, lower the k-core filter, or use split=leave-one-out",
        )
    protocol: dict[str, Any] = {
        "split": "ratio-chronological" if chronological else "ratio",
        "shares": ":".join(map(str, SHARES)),
        **({} if chronological else {"split_seed": seed}),
        "evaluated_users": len(test.firsts),
        "excluded_users": int((~long).sum()),
        "repeats_dropped": int(sequences.total - rows.total),
        "absent_from_train": int((~kept).sum()),
    }
    note = "split=ratio deals a user's items out at random: what is trained on may be newer than what is asked"
    return Split(train, valid, test, protocol, () if chronological else (note,))


def _once(sequences: Sequences) -> Sequences:
    """Every item of a row once, where it stood first."""
    owners, items, width = sequences.owners(), sequences.flat(), int(sequences.flat().max(initial=0)) + 1
    first = np.sort(np.unique(owners * width + items, return_index=True)[1])
    lengths = np.bincount(owners[first], minlength=len(sequences)).astype(np.int64)
    times = None if sequences.times is None else sequences.times[sequences.places()][first]
    return Sequences(items[first], np.cumsum(lengths) - lengths, lengths, times)


def _parts(rows: Sequences, long: NDArray[np.bool_], chronological: bool, seed: int) -> NDArray[np.int64]:
    """0 train, 1 valid, 2 test for each item of the rows."""
    owners = rows.owners()
    place = np.arange(rows.total) - rows.starts[owners]
    if not chronological:
        order = np.lexsort((np.random.default_rng(seed).random(rows.total), owners))
        place[order] = place.copy()
    total = sum(SHARES)
    cuts = [(2 * share * rows.lengths + total) // (2 * total) for share in (SHARES[0], SHARES[0] + SHARES[1])]
    part = (place >= cuts[0][owners]).astype(np.int64) + (place >= cuts[1][owners])
    return np.where(long[owners], part, 0)


def _arranged(
    rows: Sequences, part: NDArray[np.int64], kept: NDArray[np.bool_]
) -> tuple[Sequences, list[NDArray[np.int64]]]:
    """Every row with its training items first, then validation, then test, each oldest first; and their counts."""
    owners = rows.owners()
    counts = [np.bincount(owners[kept & (part == n)], minlength=len(rows)).astype(np.int64) for n in range(3)]
    order = np.lexsort((part, owners))
    order = order[kept[order]]
    lengths = counts[0] + counts[1] + counts[2]
    times = None if rows.times is None else rows.times[order]
    return Sequences(rows.items[order], np.cumsum(lengths) - lengths, lengths, times), counts


def _targets(
    arranged: Sequences,
    begins: NDArray[np.int64],
    counts: NDArray[np.int64],
    histories: Sequences,
    left_out: Sequences,
) -> TargetSets:
    """The items at places ``begins … begins + counts - 1`` of each row, for users who have a history."""
    counts = np.where(histories.lengths > 0, counts, 0)
    chosen = replace(arranged, starts=arranged.starts + begins, lengths=counts)
    users = chosen.owners()
    places = chosen.places() - arranged.starts[users]
    return TargetSets(users, places, chosen.flat(), histories.take(users), left_out.take(users))
