"""Batches: every target once, like lengths together, the same order for the same seed and epoch."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from foretaste.data.sequences import Sequences
from foretaste.training.batches import SequenceBatches

rows = st.lists(st.lists(st.integers(0, 99), min_size=0, max_size=40), min_size=1, max_size=60).filter(
    lambda r: any(len(x) >= 2 for x in r)
)


@given(rows, st.integers(2, 12), st.integers(8, 200))
@settings(max_examples=60, deadline=None)
def test_every_target_comes_exactly_once_with_its_recent_context(lists, max_len, tokens):
    batches = SequenceBatches(Sequences.from_lists(lists), max_len=max_len, tokens=tokens, seed=1)
    seen = []
    for block in batches.epoch(0):
        batch = batches.batch(block)
        assert batch.items.shape[1] == batch.lengths.max()
        for items, length, user in zip(batch.items, batch.lengths.tolist(), batch.users.tolist(), strict=True):
            part = items[:length].tolist()
            assert 2 <= length <= max_len + 1
            text, whole = ",".join(map(str, part)), ",".join(map(str, lists[user]))
            assert f",{text}," in f",{whole},"
            seen += [(user, target) for target in part[1:]]
    wanted = [(user, item) for user, row in enumerate(lists) for item in row[1:]]
    assert sorted(seen) == sorted(wanted)
    assert batches.targets == len(wanted)


def test_recent_only_keeps_the_newest_window():
    batches = SequenceBatches(Sequences.from_lists([list(range(10))]), max_len=4, tokens=64, seed=0, recent_only=True)
    assert batches.batch(batches.epoch(0)[0]).items.tolist() == [[5, 6, 7, 8, 9]]


def test_batches_keep_the_budget_and_waste_little():
    rng = np.random.default_rng(0)
    lists = [rng.integers(0, 50, rng.integers(2, 40)).tolist() for _ in range(3000)]
    batches = SequenceBatches(Sequences.from_lists(lists), max_len=50, tokens=512, seed=0)
    made = [batches.batch(block) for block in batches.epoch(3)]
    assert max(b.items.numel() for b in made) <= 512
    assert sum(int(b.lengths.sum()) for b in made) / sum(b.items.numel() for b in made) > 0.95


def test_the_order_is_a_function_of_seed_and_epoch():
    rng = np.random.default_rng(0)
    data = Sequences.from_lists([rng.integers(0, 50, rng.integers(2, 9)).tolist() for _ in range(300)])
    plans = [SequenceBatches(data, max_len=8, tokens=64, seed=s).epoch(e) for s, e in [(0, 1), (0, 1), (0, 2), (1, 1)]]
    same = [all(np.array_equal(a, b) for a, b in zip(plans[0], plan, strict=False)) for plan in plans]
    assert same == [True, True, False, False]
