from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretaste.evaluation.groups import (
    by_edges,
    by_equal_mass,
    head_items,
    item_divisions,
    user_divisions,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.integers(0, 1000))
def test_every_division_covers_every_target_once(popularity: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = np.array(popularity, dtype=np.int64)
    items = rng.integers(0, len(counts), size=37).astype(np.int32)
    lengths = rng.integers(0, 60, size=37)
    for division in (item_divisions(counts, items) | user_divisions(lengths)).values():
        masks = division.masks()
        assert len(masks) == len(division.names)
        assert sum(int(mask.sum()) for mask in masks.values()) == 37


def test_head_items_are_the_most_popular_fifth_of_those_in_training() -> None:
    popularity = np.array([0, 5, 9, 1, 1, 9, 1, 1, 1, 1, 1, 0, 0, 0])
    assert np.flatnonzero(head_items(popularity)).tolist() == [2, 5]


def test_no_item_is_head_where_nothing_was_learnt_from() -> None:
    assert not head_items(np.zeros(5, dtype=np.int64)).any()


@pytest.mark.parametrize(("value", "name"), [(0, "0-4"), (4, "0-4"), (5, "5-9"), (19, "15-19"), (20, "20+")])
def test_a_bin_starts_at_its_edge(value: int, name: str) -> None:
    division = by_edges(np.array([value]), (5, 10, 15, 20))
    assert division.names[division.member[0]] == name


def test_equal_mass_bins_share_the_interactions_evenly() -> None:
    rng = np.random.default_rng(0)
    popularity = np.bincount((rng.pareto(1.1, size=40_000) * 20).astype(int).clip(0, 1999), minlength=2000)
    division = by_equal_mass(popularity, popularity)
    mass = np.bincount(division.member, weights=popularity)
    assert len(mass) == 5
    assert mass.max() / mass.min() < 2.5


def test_the_frequency_of_a_target_is_that_of_its_item() -> None:
    popularity = np.array([1, 6, 0, 2, 1])
    division = item_divisions(popularity, np.array([1, 2, 3, 1], dtype=np.int32))["frequency"]
    assert division.names == tuple(str(number) for number in range(1, 11))
    assert division.member.tolist() == [0, 3, 1, 0]


def test_head_users_have_the_longest_histories_and_are_at_most_a_fifth() -> None:
    lengths = np.array([3, 3, 3, 3, 3, 3, 3, 9, 9, 12])
    head = user_divisions(lengths)["pareto"].masks()["head"]
    assert lengths[head].tolist() == [12]


def test_cold_items_are_those_that_training_never_saw() -> None:
    cold = item_divisions(np.array([0, 2, 1]), np.array([0, 1, 0, 2], dtype=np.int32))["cold"].masks()["cold"]
    assert cold.tolist() == [True, False, True, False]
