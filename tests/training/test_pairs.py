"""Batches of interactions."""

from __future__ import annotations

import numpy as np

from foretaste.data.sequences import Sequences
from foretaste.training.pairs import PairBatches

TRAIN = Sequences.from_lists([[3, 1, 3], [], [0], [2, 4, 5, 6]])
PAIRS = [(0, 1), (0, 3), (0, 3), (2, 0), (3, 2), (3, 4), (3, 5), (3, 6)]


def pairs_of(batches: PairBatches, number: int) -> list[list[tuple[int, int]]]:
    found = []
    for block in batches.epoch(number):
        batch = batches.batch(block)
        found.append(list(zip(batch.users.tolist(), batch.items.tolist(), strict=True)))
    return found


def test_an_epoch_has_every_interaction_once() -> None:
    blocks = pairs_of(PairBatches(TRAIN, size=3, seed=0), 4)
    assert sorted(pair for block in blocks for pair in block) == PAIRS


def test_batches_are_of_like_size_and_never_larger_than_asked() -> None:
    sizes = [len(block) for block in PairBatches(TRAIN, size=7, seed=0).epoch(0)]
    assert sizes == [4, 4]


def test_the_order_depends_on_seed_and_number_alone() -> None:
    first, second = PairBatches(TRAIN, size=4, seed=5), PairBatches(TRAIN, size=4, seed=5)
    second.epoch(0)
    np.random.default_rng(0).random(3)
    assert pairs_of(first, 7) == pairs_of(second, 7)
    assert pairs_of(first, 7) != pairs_of(first, 8)
    assert pairs_of(first, 7) != pairs_of(PairBatches(TRAIN, size=4, seed=6), 7)
