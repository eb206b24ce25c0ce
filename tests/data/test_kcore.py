"""k-core filters against the definition, spelled out naively."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foretaste.data.kcore import iterated_core, single_pass_core

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=60)
LIMITS = st.integers(1, 4)


def arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    users, items = (np.array([pair[side] for pair in pairs], dtype=np.int32) for side in (0, 1))
    return users, items


def one_pass(rows: list[int], pairs: list[tuple[int, int]], min_user: int, min_item: int) -> list[int]:
    users, items = (Counter(pairs[row][side] for row in rows) for side in (0, 1))
    return [row for row in rows if users[pairs[row][0]] >= min_user and items[pairs[row][1]] >= min_item]


@given(PAIRS, LIMITS, LIMITS)
def test_single_pass_counts_once_in_the_whole_log(pairs: list[tuple[int, int]], min_user: int, min_item: int) -> None:
    mask = single_pass_core(*arrays(pairs), min_user=min_user, min_item=min_item)
    assert np.flatnonzero(mask).tolist() == one_pass(list(range(len(pairs))), pairs, min_user, min_item)


@given(PAIRS, LIMITS, LIMITS)
def test_iterated_repeats_until_nothing_changes(pairs: list[tuple[int, int]], min_user: int, min_item: int) -> None:
    rows = list(range(len(pairs)))
    while (fewer := one_pass(rows, pairs, min_user, min_item)) != rows:
        rows = fewer
    mask = iterated_core(*arrays(pairs), min_user=min_user, min_item=min_item)
    assert np.flatnonzero(mask).tolist() == rows


def test_the_two_differ_where_a_removal_starves_a_neighbour() -> None:
    users, items = np.array([0, 0, 1, 1, 2], dtype=np.int32), np.array([0, 1, 0, 1, 1], dtype=np.int32)
    tail = np.array([3, 3, 3], dtype=np.int32), np.array([2, 0, 1], dtype=np.int32)
    log = np.concatenate([users, tail[0]]), np.concatenate([items, tail[1]])
    assert single_pass_core(*log, min_user=2, min_item=2).tolist() == [True, True, True, True, False, False, True, True]
    starving = np.array([0, 0, 1, 2, 2], dtype=np.int32), np.array([0, 1, 1, 0, 2], dtype=np.int32)
    assert single_pass_core(*starving, min_user=2, min_item=2).sum() == 3
    assert iterated_core(*starving, min_user=2, min_item=2).sum() == 0
