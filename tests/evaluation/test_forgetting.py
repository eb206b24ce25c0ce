"""Kendall's tau of distances: against a loop over all pairs, and at its ends."""

from __future__ import annotations

import numpy as np
import pytest

from foretaste.data.sequences import Sequences
from foretaste.data.split import Targets
from foretaste.evaluation.forgetting import agreement, distances, study_pairs

RNG = np.random.default_rng(0)
BINS = np.array([0, 0, 1, 1, 1, 2, 2, 2, 2, 3])
TARGETS = Targets.at(
    Sequences.from_lists([[0, 2, 5], [1, 3], [4, 6, 7, 8], [2, 9]]), np.arange(4), np.array([2, 1, 3, 1])
)
VECTORS = RNG.normal(size=(10, 4)).astype(np.float32)


def test_pairs_are_history_with_target_and_with_another_item_of_its_bin() -> None:
    for seed in range(20):
        pairs = study_pairs(TARGETS, BINS, seed=seed)
        assert pairs.left.tolist() == [0, 2, 1, 4, 6, 7, 2] * 2
        assert pairs.right[:7].tolist() == [5, 5, 3, 8, 8, 8, 9]
        drawn = pairs.right[7:]
        assert (BINS[drawn] == BINS[pairs.right[:7]]).all()
        assert not (drawn[:6] == pairs.right[:6]).any()
        assert len(set(drawn[3:6].tolist())) == 1, "one other item for each question"
        assert drawn[6] == 9, "a bin of one item has no other"
        assert pairs.bins.tolist() == [2, 2, 1, 2, 2, 2, 3] * 2
    assert len({tuple(study_pairs(TARGETS, BINS, seed=seed).right) for seed in range(20)}) > 3


def test_tau_is_what_a_loop_over_pairs_of_pairs_says() -> None:
    pairs = study_pairs(TARGETS, BINS)
    other = VECTORS + RNG.normal(size=VECTORS.shape).astype(np.float32)
    x, y = distances(VECTORS, pairs), distances(other, pairs)
    found = agreement(VECTORS, other, pairs)

    def tau(x: np.ndarray, y: np.ndarray) -> float:
        signs = [np.sign(x[i] - x[j]) * np.sign(y[i] - y[j]) for i in range(len(x)) for j in range(i)]
        ties = [[np.sign(v[i] - v[j]) ** 2 for i in range(len(x)) for j in range(i)] for v in (x, y)]
        return float(sum(signs) / np.sqrt(sum(ties[0]) * sum(ties[1])))

    assert found["tau"] == pytest.approx(tau(x, y), abs=1e-5)
    assert found["bins"][2] == pytest.approx(tau(x[pairs.bins == 2], y[pairs.bins == 2]), abs=1e-5)
    assert found["bins"][0] is None
    assert found["pairs"] == [0, 2, 10, 2]


def test_the_same_space_agrees_and_the_opposite_order_does_not() -> None:
    pairs = study_pairs(TARGETS, BINS)
    turned = np.linalg.qr(RNG.normal(size=(4, 4)))[0].astype(np.float32)
    assert agreement(VECTORS, VECTORS @ turned * 3, pairs)["tau"] == pytest.approx(1.0)
    plane = np.stack([np.cos(a := np.linspace(0, 3, 10)), np.sin(a)], 1).astype(np.float32)
    noise = [agreement(plane, RNG.normal(size=(10, 64)).astype(np.float32), pairs)["tau"] for _ in range(20)]
    assert abs(np.mean(noise)) < 0.4
    assert not distances(np.zeros((10, 2), dtype=np.float32), pairs).std()
