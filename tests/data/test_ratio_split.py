"""4:3:3 of every user's items, against a loop over users."""

from __future__ import annotations

import numpy as np
import pytest

from foretaste.core.errors import DataError
from foretaste.data.ratio_split import ratio_split
from foretaste.data.sequences import Sequences
from foretaste.data.split import Split
from foretaste.data.target_sets import TargetSets, questions

USERS, ITEMS = 80, 60


def log(seed: int = 0) -> Sequences:
    rng = np.random.default_rng(seed)
    rows = [(rng.zipf(1.3, size=rng.integers(1, 25)).clip(1, ITEMS) - 1).tolist() for _ in range(USERS)]
    return Sequences.from_lists(rows)


def answers(targets: TargetSets) -> dict[int, list[int]]:
    return {int(u): targets.items[targets.users == u].tolist() for u in np.unique(targets.users)}


@pytest.fixture(params=[False, True], ids=["random", "chronological"])
def split(request: pytest.FixtureRequest) -> Split:
    return ratio_split(log(), chronological=request.param)


def test_every_part_has_its_share_of_distinct_items(split: Split) -> None:
    assert isinstance(split.valid, TargetSets)
    assert isinstance(split.test, TargetSets)
    valid, test = answers(split.valid), answers(split.test)
    known = {int(i) for row in split.train for i in row}
    dropped = 0
    for user, row in enumerate(log()):
        own = list(dict.fromkeys(row.tolist()))
        count = len(own)
        train = split.train[user].tolist()
        if count < 5:
            assert train == own
            assert user not in valid
            assert user not in test
            continue
        assert len(train) == int(0.4 * count + 0.5)
        held = valid.get(user, []) + test.get(user, [])
        assert not set(train) & set(held)
        assert set(train + held) <= set(own)
        assert len(set(held)) == len(held)
        assert len(valid.get(user, [])) <= int(0.7 * count + 0.5) - len(train)
        lost = set(own) - set(train) - set(held)
        assert not lost & known
        dropped += len(lost)
        order = [own.index(item) for item in train]
        assert order == sorted(order)
    assert dropped == split.protocol["absent_from_train"] > 0
    assert split.protocol["repeats_dropped"] == sum(len(row) - len(set(row.tolist())) for row in log())
    assert split.protocol["evaluated_users"] == len(test) == questions(split.test)


def test_histories_are_training_items_and_validation_is_left_out_of_the_test(split: Split) -> None:
    assert isinstance(split.valid, TargetSets)
    assert isinstance(split.test, TargetSets)
    valid = answers(split.valid)
    for targets, more in ((split.valid, False), (split.test, True)):
        for row, user in enumerate(targets.users):
            train = split.train[user].tolist()
            assert targets.histories[row].tolist() == train
            assert targets.left_out[row].tolist() == train + (valid.get(int(user), []) if more else [])
        assert (np.diff(targets.firsts) > 0).all()
        assert (targets.users[targets.firsts] == np.unique(targets.users)).all()


def test_the_newest_are_asked_when_it_goes_by_time() -> None:
    rows = Sequences.from_lists([list(range(10)), list(reversed(range(10))), [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]])
    split = ratio_split(rows, chronological=True)
    assert [row.tolist() for row in split.train] == [[0, 1, 2, 3], [9, 8, 7, 6], [0, 2, 4, 6]]
    assert isinstance(split.test, TargetSets)
    assert answers(split.test) == {0: [7, 8, 9], 1: [2, 1, 0], 2: [7, 9]}


def test_the_dealing_is_the_same_each_time_and_another_with_another_seed() -> None:
    first, again, other = ratio_split(log()), ratio_split(log()), ratio_split(log(), seed=1)
    assert (first.train.flat() == again.train.flat()).all()
    assert first.train.flat().tolist() != other.train.flat().tolist()
    newest = [row[-1] in train for row, train in zip(log(), first.train, strict=True) if len(set(row.tolist())) >= 5]
    assert 0.2 < np.mean(newest) < 0.6


def test_nobody_to_ask_is_an_error() -> None:
    with pytest.raises(DataError, match="5 different items"):
        ratio_split(Sequences.from_lists([[1, 1, 1, 1, 1, 1], [2, 3]]))
