"""Contexts of items, against loops over users."""

import numpy as np
import pytest

from foretaste.data.contexts import ending_contexts, surrounding_contexts
from foretaste.data.sequences import Sequences

ITEMS = 9


def _rows(seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, ITEMS - 1, rng.integers(0, 9)).tolist() for _ in range(25)]


def _found(contexts):
    """Item → sorted list of (row, place of the item in it)."""
    found = {}
    for item in range(ITEMS):
        numbers, owners = contexts.of(np.array([item]))
        assert not owners.any()
        found[item] = sorted((contexts.rows[n].tolist(), int(contexts.centres[n])) for n in numbers)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_ending_contexts_are_prefixes_and_mirrored_suffixes(seed):
    rows, wanted = _rows(seed), {item: [] for item in range(ITEMS)}
    for row in rows:
        for place, item in enumerate(row):
            both = [row[: place + 1], row[place:][::-1]] if len(row) > 1 else [row]
            wanted[item] += [(context[-4:], len(context[-4:]) - 1) for context in both]
    found = _found(ending_contexts(Sequences.from_lists(rows), ITEMS, max_len=4))
    assert found == {item: sorted(contexts) for item, contexts in wanted.items()}
    assert all(row[place] == item and place == len(row) - 1 for item in found for row, place in found[item])


@pytest.mark.parametrize("side", [1, 2, 20])
def test_surrounding_contexts_reach_as_far_as_the_side(side):
    rows, wanted = _rows(7), {item: [] for item in range(ITEMS)}
    for row in rows:
        for place, item in enumerate(row):
            left = row[max(0, place - side) : place]
            right = row[place + 1 : place + 1 + side]
            if len(left) + len(right) >= 2:
                wanted[item].append(([*left, item, *right], len(left)))
    found = _found(surrounding_contexts(Sequences.from_lists(rows), ITEMS, side=side))
    assert found == {item: sorted(contexts) for item, contexts in wanted.items()}


def test_views_of_a_longer_array_give_the_same_contexts():
    rows = [row for row in _rows(3) if len(row) > 2]
    cut = Sequences.from_lists(rows).drop_last(2).take(np.arange(len(rows))[::-1])
    plain = Sequences.from_lists([row[:-2] for row in rows])
    for make in (lambda s: ending_contexts(s, ITEMS, max_len=5), lambda s: surrounding_contexts(s, ITEMS, side=2)):
        assert _found(make(cut)) == _found(make(plain))


def test_contexts_of_several_items_name_their_owners():
    contexts = ending_contexts(Sequences.from_lists(_rows(1)), ITEMS, max_len=5)
    asked = np.array([5, 0, ITEMS - 1, 5])
    numbers, owners = contexts.of(asked, most=3)
    assert np.bincount(owners, minlength=4).tolist() == np.minimum(contexts.counts[asked], 3).tolist()
    for number, owner in zip(numbers, owners, strict=True):
        assert contexts.rows[number][-1] == asked[owner]
    assert len(contexts.of(np.array([ITEMS - 1]))[0]) == 0
