from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_oracles import Product, Table, questions, random_questions

from foretaste.evaluation.ranks import ranks
from foretaste.evaluation.top_k import NOTHING, top_k


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), mask_seen=st.booleans(), block=st.integers(1, 20))
def test_lists_equal_sorting(seed: int, mask_seen: bool, block: int) -> None:
    rng = np.random.default_rng(seed)
    targets = random_questions(rng, 11, 9)
    scores = rng.permuted(np.tile(np.arange(9, dtype=np.float32), (11, 1)), axis=1)
    scores[rng.random(scores.shape) < 0.2] = np.nan
    scores[rng.random(scores.shape) < 0.2] = -np.inf
    lists = top_k(Table(scores), targets.histories, targets.users, k=4, mask_seen=mask_seen, block=block)
    for row in range(11):
        seen = set(targets.histories[row].tolist()) if mask_seen else set()
        offered = [i for i in range(9) if i not in seen and math.isfinite(scores[row, i])]
        best = sorted(offered, key=lambda i: -scores[row, i])[:4]
        assert lists[row].tolist() == best + [NOTHING] * (4 - len(best))


def test_an_item_is_in_the_list_exactly_when_its_rank_is_below_k() -> None:
    rng = np.random.default_rng(1)
    targets = random_questions(rng, 200, 40)
    model = Product(rng.normal(size=(200, 8)).astype(np.float32), rng.normal(size=(40, 8)).astype(np.float32))
    lists = top_k(model, targets.histories, targets.users, k=5, mask_seen=True)
    listed = (lists == targets.items[:, None]).any(1)
    assert listed.tolist() == (ranks(model, targets, mask_seen=True) < 5).tolist()


def test_a_list_longer_than_the_catalogue_ends_in_nothing() -> None:
    model = Table(np.array([[1, 2]], dtype=np.float32))
    asked = questions([[0]], [1])
    assert top_k(model, asked.histories, asked.users, k=4, mask_seen=True).tolist() == [[1, -1, -1, -1]]
