"""ItemKNN and transitions against loops over users and pairs."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from foretaste.data.sequences import Sequences
from foretaste.models import itemknn
from foretaste.models.item_to_item import ItemToItem
from foretaste.models.itemknn import cosine_table, strongest
from foretaste.models.transitions import transition_table

V = 6
rows = st.lists(st.lists(st.integers(0, V - 1), max_size=7), min_size=1, max_size=8)


def naive_cosine(train: list[list[int]], shrink: float) -> np.ndarray:
    table = np.zeros((V, V))
    sets = [set(row) for row in train]
    count = [sum(i in s for s in sets) for i in range(V)]
    for i in range(V):
        for j in range(V):
            both = sum(i in s and j in s for s in sets)
            if i != j and both:
                table[i, j] = both / ((math.sqrt(count[i]) + shrink) * (math.sqrt(count[j]) + shrink))
    return table


def naive_scores(table: np.ndarray, history: list[int], window: int, decay: float) -> np.ndarray:
    scores = np.zeros(V)
    for distance, item in enumerate(reversed(history[-window:])):
        scores += decay**distance * table[item]
    return np.where(scores == 0, np.nan, scores)


@given(rows, rows, st.sampled_from([0.0, 1.0, 2.5]), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_itemknn_is_the_loop(train: list[list[int]], asked: list[list[int]], shrink: float, window: int) -> None:
    table = cosine_table(Sequences.from_lists(train), V, shrink=shrink)
    np.testing.assert_allclose(table.toarray(), naive_cosine(train, shrink), rtol=1e-6)
    model = ItemToItem(V, window=window, decay=0.8).fill(table)
    found = model.score(Sequences.from_lists(asked)).numpy()
    expected = [naive_scores(naive_cosine(train, shrink), row, window, 0.8) for row in asked]
    np.testing.assert_allclose(found, np.stack(expected), rtol=1e-5)


@given(rows, rows)
@settings(max_examples=40, deadline=None)
def test_transitions_are_the_loop(train: list[list[int]], asked: list[list[int]]) -> None:
    steps = Counter(pair for row in train for pair in pairwise(row))
    table = transition_table(Sequences.from_lists(train), V)
    assert {(i, j): table[i, j] for i, j in zip(*table.nonzero(), strict=True)} == steps
    model = ItemToItem(V, window=1, decay=1.0).fill(table)
    for row, scores in zip(asked, model.score(Sequences.from_lists(asked)), strict=True):
        expected = [steps.get((row[-1], j), math.nan) if row else math.nan for j in range(V)]
        np.testing.assert_array_equal(scores.numpy(), np.array(expected, dtype=np.float32))


def test_blocks_do_not_change_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    train = Sequences.from_lists([rng.integers(0, V, size=5).tolist() for _ in range(9)])
    whole = cosine_table(train, V).toarray()
    monkeypatch.setattr(itemknn, "ROWS", 2)
    np.testing.assert_array_equal(cosine_table(train, V).toarray(), whole)
    pruned = cosine_table(train, V, neighbours=2).toarray()
    for i in range(V):
        assert sorted(pruned[i])[-2:] == sorted(whole[i])[-2:]
        assert (pruned[i] > 0).sum() <= 2


def test_of_equal_neighbours_the_lower_id_is_kept() -> None:
    table = sparse.csr_matrix(np.array([[0, 1, 2, 1], [1, 1, 1, 1], [0, 0, 0, 0], [3, 0, 0, 1.0]]))
    kept = strongest(table, 2).toarray()
    assert kept.tolist() == [[0, 1, 2, 0], [1, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 1]]


def test_renumbering_the_items_permutes_the_scores() -> None:
    rng = np.random.default_rng(1)
    lists = [rng.integers(0, V, size=n).tolist() for n in (3, 5, 4, 6, 2, 5)]
    new = rng.permutation(V)
    renamed = [[int(new[i]) for i in row] for row in lists]
    for make in (cosine_table, transition_table):
        first, second = (
            ItemToItem(V, window=3, decay=0.5).fill(make(train, V)).score(train.drop_last(1))
            for train in map(Sequences.from_lists, (lists, renamed))
        )
        torch.testing.assert_close(first, second[:, torch.from_numpy(new)], equal_nan=True)


def test_nothing_to_go_by_scores_nothing() -> None:
    model = ItemToItem(V, window=2, decay=0.8).fill(cosine_table(Sequences.from_lists([[0, 1], [5]]), V))
    scores = model.score(Sequences.from_lists([[], [5], [0]]))
    assert scores[:2].isnan().all()
    assert scores[2].isnan().tolist() == [True, False, True, True, True, True]


def test_the_saved_state_is_enough() -> None:
    train = Sequences.from_lists([[0, 1, 2], [2, 1], [4, 5, 0]])
    model = ItemToItem(V, window=2, decay=0.8).fill(cosine_table(train, V))
    again = ItemToItem(V, model.sizes["entries"], window=2, decay=0.8)
    again.load_state_dict(model.state_dict())
    torch.testing.assert_close(again.score(train), model.score(train), equal_nan=True)
