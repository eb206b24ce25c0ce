"""Bins of equal mass: against a loop over the items, on awkward catalogues, and against PAD's own boundaries."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretaste.data.dataset import Dataset
from foretaste.data.frequency import frequency_bins
from foretaste.data.split import leave_one_out

PANTRY = [35, 100, 205, 361, 585, 898, 1357, 2074, 3348]
"""Ranks at which PAD's released code cuts amazon_prime_pantry; the last bin has all the rest."""


def by_loop(counts: list[int], bins: int) -> list[int]:
    found, number, held, seen = [0] * len(counts), 0, 0, 0
    for item in sorted(range(len(counts)), key=lambda i: (-counts[i], i)):
        if held * bins >= sum(counts) and held and seen < sum(counts) and number < bins - 1:
            number, held = number + 1, 0
        found[item] = number
        held, seen = held + counts[item], seen + counts[item]
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=40), st.integers(1, 12))
def test_it_is_what_a_loop_over_the_items_says(counts: list[int], bins: int) -> None:
    assert frequency_bins(np.array(counts, dtype=np.int64), bins).tolist() == by_loop(counts, bins)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=60))
def test_hotter_items_are_never_in_a_colder_bin(counts: list[int]) -> None:
    array = np.array(counts, dtype=np.int64)
    falling = frequency_bins(array)[np.argsort(-array, kind="stable")]
    assert (np.diff(falling) >= 0).all()
    assert (np.diff(falling) <= 1).all()


def test_bins_hold_about_the_same() -> None:
    counts = (np.random.default_rng(0).pareto(1.2, size=3000) * 8).astype(np.int64).clip(0, 400)
    mass = np.bincount(frequency_bins(counts), weights=counts)
    assert len(mass) == 10
    assert mass.max() / mass.min() < 1.2


def test_an_item_that_outweighs_a_bin_has_one_of_its_own() -> None:
    assert frequency_bins(np.array([1, 90, 1, 0, 1, 1]), 10).tolist() == [1, 0, 1, 1, 1, 1]
    assert not frequency_bins(np.zeros(4, dtype=np.int64)).any()


@pytest.mark.data
def test_the_boundaries_are_those_of_pad() -> None:
    if not os.environ.get("FORETASTE_DATA"):
        pytest.skip("FORETASTE_DATA is not set: PAD's boundaries on amazon_prime_pantry were NOT checked")
    folder = Path(os.environ["FORETASTE_DATA"]) / "amazon_prime_pantry"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: PAD's boundaries on amazon_prime_pantry were NOT checked")
    data = Dataset.load(folder)
    counts = leave_one_out(data.sequences).train.counts(data.num_items)
    assert int(counts.sum()) == 89_262
    sizes = np.cumsum(np.bincount(frequency_bins(counts)))
    assert sizes.tolist() == [*PANTRY, 8347]
