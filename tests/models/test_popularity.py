"""Popularity: constants, and their order."""

from __future__ import annotations

import numpy as np
import torch

from foretaste.data.sequences import Sequences
from foretaste.models.popularity import Popularity, ordered_counts, tied_counts


def test_every_history_gets_the_counts() -> None:
    train = Sequences.from_lists([[2, 0, 2], [1, 2]])
    model = Popularity(4, tied_counts(train.counts(4)))
    scores = model.score(Sequences.from_lists([[], [3], [2, 2]]))
    assert scores.tolist() == [[1.0, 1.0, 3.0, 0.0]] * 3


def test_equal_counts_are_listed_by_raw_id() -> None:
    counts, ids = np.array([2, 5, 2, 0, 2]), ["B9", "Z", "B10", "A", "C"]
    strength = ordered_counts(counts, ids)
    listed = [ids[i] for i in np.argsort(-strength)]
    assert listed == ["Z", "B10", "B9", "C", "A"]
    assert len(set(strength.tolist())) == 5


def test_the_order_does_not_depend_on_the_numbering() -> None:
    counts, ids = np.array([2, 5, 2, 0, 2]), ["e", "a", "d", "c", "b"]
    new = np.array([4, 2, 0, 1, 3])
    moved, moved_ids = np.empty_like(counts), [""] * 5
    for old, place in enumerate(new):
        moved[place], moved_ids[place] = counts[old], ids[old]
    assert (ordered_counts(moved, moved_ids)[new] == ordered_counts(counts, ids)).all()


def test_the_saved_state_is_enough() -> None:
    model, again = Popularity(3, tied_counts(np.array([3, 1, 2]))), Popularity(3)
    again.load_state_dict(model.state_dict())
    torch.testing.assert_close(again.item_vectors(), model.item_vectors())
