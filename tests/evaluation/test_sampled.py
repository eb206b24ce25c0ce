from __future__ import annotations

import math
from hashlib import sha256

import numpy as np
import pytest
from rank_oracles import Table, questions

from foretaste.core.errors import DataError
from foretaste.data.sequences import Sequences
from foretaste.evaluation.sampled import candidates, sampled_ranks

ROWS = Sequences.from_lists([[0, 1, 2], [3, 3], [], list(range(15))])


def draw(users: list[int], seed: int = 0, fingerprint: str = "f", count: int = 5) -> np.ndarray:
    return candidates(ROWS, np.array(users), 20, fingerprint=fingerprint, seed=seed, count=count)


def test_candidates_are_distinct_and_never_the_users_own() -> None:
    found = draw([0, 1, 2, 3])
    for row, own in zip(found, (ROWS[u] for u in range(4)), strict=True):
        assert len(set(row.tolist())) == 5
        assert not set(row.tolist()) & set(own.tolist())
    assert sorted(found[3].tolist()) == [15, 16, 17, 18, 19]


def test_candidates_depend_on_data_seed_and_user_alone() -> None:
    found = draw([0, 1, 2, 3])
    assert np.array_equal(draw([2, 0]), found[[2, 0]])
    assert not np.array_equal(draw([0, 1, 2], seed=1), found[:3])
    assert not np.array_equal(draw([0, 1, 2], fingerprint="g"), found[:3])


def test_candidates_never_change_between_versions() -> None:
    """Python's own integers and no numpy: what is frozen here is frozen for good."""
    mask = (1 << 64) - 1

    def mix(state: int) -> int:
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & mask
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & mask
        return state ^ (state >> 31)

    key = int.from_bytes(sha256(b"f:0").digest()[:8], "little")
    for user in (0, 1, 3):
        stream, kept, step = mix(user + key & mask), [], 0
        while len(kept) < 5:
            step += 1
            item = (mix(stream + step * 0x9E3779B97F4A7C15 & mask) >> 32) * 20 >> 32
            if item not in kept and item not in ROWS[user]:
                kept.append(item)
        assert draw([user]).tolist() == [kept]


def test_candidates_are_uniform() -> None:
    rows = Sequences.from_lists([[0]] * 20_000)
    found = candidates(rows, np.arange(20_000), 21, fingerprint="f", count=4)
    share = np.bincount(found.ravel(), minlength=21)[1:] / found.size
    assert share.min() > 0.047
    assert share.max() < 0.053


def test_a_user_who_took_nearly_everything_is_an_error_that_says_so() -> None:
    with pytest.raises(DataError, match="1 users leave fewer than 6"):
        draw([0, 3], count=6)


def test_ranks_among_candidates_equal_a_loop() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 4, size=(30, 20)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.1] = np.nan
    targets = questions([[] for _ in range(30)], rng.integers(0, 20, size=30).tolist())
    others = rng.integers(0, 20, size=(30, 6))
    found = sampled_ranks(Table(scores), targets, others, block=7)
    for row in range(30):
        own = scores[row, targets.items[row]]
        rivals = scores[row, others[row]]
        slow = sum(1.0 * (r > own) + 0.5 * (r == own) for r in rivals)
        assert found[row] == (math.inf if math.isnan(own) else slow)
