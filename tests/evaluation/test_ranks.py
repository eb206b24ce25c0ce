from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_oracles import Product, Table, questions, random_questions, slow_rank

from foretaste.data.split import Targets
from foretaste.evaluation.ranks import ranks

ITEMS = 13


def slow_ranks(scores: np.ndarray, targets: Targets, mask_seen: bool) -> list[float]:
    histories = [set(targets.histories[row].tolist()) for row in range(len(targets))]
    return [
        slow_rank(scores[row], histories[row], int(targets.items[row]), mask_seen=mask_seen)
        for row in range(len(targets))
    ]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), mask_seen=st.booleans(), block=st.integers(1, 40))
def test_a_scorers_ranks_equal_looking_at_every_item(seed: int, mask_seen: bool, block: int) -> None:
    rng = np.random.default_rng(seed)
    targets = random_questions(rng, 23, ITEMS)
    scores = rng.integers(0, 4, size=(23, ITEMS)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.1] = np.nan
    scores[rng.random(scores.shape) < 0.1] = -np.inf
    found = ranks(Table(scores), targets, mask_seen=mask_seen, block=block)
    assert found.tolist() == slow_ranks(scores, targets, mask_seen)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), mask_seen=st.booleans(), broken=st.sampled_from(["", "item", "user", "huge"]))
def test_a_retrievers_ranks_equal_looking_at_every_item(seed: int, mask_seen: bool, broken: str) -> None:
    rng = np.random.default_rng(seed)
    targets = random_questions(rng, 23, ITEMS)
    users = rng.integers(-2, 3, size=(23, 4)).astype(np.float32)
    items = rng.integers(-2, 3, size=(ITEMS, 4)).astype(np.float32)
    if broken == "item":
        items[3] = np.nan
    if broken == "user":
        users[5, 1] = np.nan
    if broken == "huge":
        items[4] = users[2] = [3e38, 0, 0, 0]  # a single term each: the order of a sum that overflows is anybody's
    with np.errstate(over="ignore", invalid="ignore"):
        scores = (torch.from_numpy(users) @ torch.from_numpy(items).T).numpy()
    found = ranks(Product(users, items), targets, mask_seen=mask_seen, block=7)
    assert found.tolist() == slow_ranks(scores, targets, mask_seen)


@pytest.mark.parametrize("block", [1, 2, 3, 16])
def test_real_valued_ties_are_exact(block: int) -> None:
    """Items with the very same vector tie with the target, whatever block or place they are in."""
    rng = np.random.default_rng(0)
    items = rng.normal(size=(301, 64)).astype(np.float32)
    items[100] = items[7] = items[300]
    users = rng.normal(size=(50, 64)).astype(np.float32)
    targets = questions([[] for _ in range(50)], [7] * 50)
    found = ranks(Product(users, items), targets, mask_seen=False, block=block)
    exact = users.astype(np.float64) @ items.T.astype(np.float64)
    higher = [(row > row[7] + 1e-9).sum() for row in exact]
    assert found.tolist() == [count + 1.0 for count in higher]


def test_a_repeated_target_is_a_miss_only_where_seen_items_are_masked() -> None:
    scores = np.array([[5, 4, 3]], dtype=np.float32)
    targets = questions([[0, 1, 1]], [1])
    assert ranks(Table(scores), targets, mask_seen=True).tolist() == [np.inf]
    assert ranks(Table(scores), targets, mask_seen=False).tolist() == [1.0]


def test_a_repeated_history_item_is_taken_off_once() -> None:
    scores = np.array([[5, 4, 3]], dtype=np.float32)
    assert ranks(Table(scores), questions([[0, 0, 0]], [2]), mask_seen=True).tolist() == [1.0]


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_an_unscored_target_is_a_miss_and_an_unscored_item_is_behind_all(value: float) -> None:
    scores = np.array([[1, value, 0], [value, 1, 2]], dtype=np.float32)
    found = ranks(Table(scores), questions([[], []], [1, 1]), mask_seen=False)
    assert found.tolist() == [np.inf, 1.0]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_renumbering_items_and_shifting_scores_changes_no_rank(seed: int) -> None:
    rng = np.random.default_rng(seed)
    targets = random_questions(rng, 9, ITEMS)
    scores = rng.integers(0, 6, size=(9, ITEMS)).astype(np.float32)
    numbers = rng.permutation(ITEMS)
    moved = np.empty_like(scores)
    moved[:, numbers] = scores + 17
    rows = [numbers[targets.histories[row]].tolist() for row in range(9)]
    again = questions(rows, numbers[targets.items].tolist())
    before, after = (ranks(Table(s), t, mask_seen=True) for s, t in ((scores, targets), (moved, again)))
    assert before.tolist() == after.tolist()


def test_the_models_mode_and_gradients_are_left_alone() -> None:
    model = Table(np.zeros((1, 3), dtype=np.float32))
    model.train()
    ranks(model, questions([[0]], [1]), mask_seen=True)
    assert model.training
    assert torch.is_grad_enabled()


def test_scores_kept_by_the_model_are_not_written_over() -> None:
    scores = np.random.default_rng(0).normal(size=(4, ITEMS)).astype(np.float32)
    model = Table(scores.copy())
    for mask_seen in (True, False):
        ranks(model, random_questions(np.random.default_rng(1), 4, ITEMS), mask_seen=mask_seen)
    assert np.array_equal(model.scores.numpy(), scores)


@pytest.mark.parametrize(
    ("chunk", "cells", "cached"), [(5, 1 << 25, 400_000), (1 << 16, 2 * ITEMS, 1), (7, 1, 3 * ITEMS)]
)
def test_how_much_is_held_at_once_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, chunk: int, cells: int, cached: int
) -> None:
    rng = np.random.default_rng(0)
    targets = random_questions(rng, 23, ITEMS)
    users, items = (rng.integers(-2, 3, size=(n, 4)).astype(np.float32) for n in (23, ITEMS))
    monkeypatch.setattr("foretaste.evaluation.blocks.CHUNK", chunk)
    monkeypatch.setattr("foretaste.evaluation.blocks.CELLS", cells)
    monkeypatch.setattr("foretaste.evaluation.ranks.COUNTED", cached)
    found = ranks(Product(users, items), targets, mask_seen=True)
    assert found.tolist() == slow_ranks(users @ items.T, targets, True)


def test_no_questions_have_no_ranks() -> None:
    model = Product(np.ones((1, 2), dtype=np.float32), np.ones((3, 2), dtype=np.float32))
    assert ranks(model, questions([], []), mask_seen=True).shape == (0,)
