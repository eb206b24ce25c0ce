"""Questions with several answers: ranks and metrics against a loop over users, and everything that reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from numpy.typing import NDArray
from rank_oracles import Table

from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.ratio_split import ratio_split
from foretaste.data.sequences import Sequences
from foretaste.data.split import Split
from foretaste.data.target_sets import TargetSets
from foretaste.data.vocabulary import Vocabulary
from foretaste.evaluation.evaluate import chosen_by, evaluate, validation_metrics
from foretaste.evaluation.metrics import METRICS, per_target
from foretaste.evaluation.ranks import ranks
from foretaste.evaluation.set_metrics import per_question
from foretaste.evaluation.set_ranks import set_ranks
from foretaste.models.base import Scorer, Users
from foretaste.models.mf import MF, MFConfig

USERS, ITEMS = 50, 70


@pytest.fixture(scope="module")
def split() -> Split:
    rng = np.random.default_rng(0)
    rows = [(rng.zipf(1.2, size=rng.integers(3, 40)).clip(1, ITEMS) - 1).tolist() for _ in range(USERS)]
    return ratio_split(Sequences.from_lists(rows))


@pytest.fixture(scope="module")
def market(split: Split) -> Dataset:
    items, users = [f"i{n}" for n in range(ITEMS)], Vocabulary([f"u{n}" for n in range(USERS)])
    catalogue = pl.DataFrame({"item_id": items})
    return Dataset("tiny", users, Vocabulary(items), split.train, catalogue, False, "abc", {}, Path("."))


class Counting(Table):
    """Remembers how many users it scored."""

    rows = 0

    def score(self, histories: Sequences, users: Users = None) -> torch.Tensor:
        self.rows += len(histories)
        return super().score(histories, users)


def distinct_scores(seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.permuted(np.tile(np.arange(ITEMS, dtype=np.float32), (USERS, 1)), axis=1)


def naive(scores: NDArray[np.float32], targets: TargetSets, cutoff: int, *, masked: bool) -> dict[str, list[float]]:
    """Sorts everybody's list and reads it."""
    found: dict[str, list[float]] = {name: [] for name in METRICS}
    for user in np.unique(targets.users):
        rows = np.flatnonzero(targets.users == user)
        hidden = set(targets.left_out[rows[0]].tolist()) if masked else set()
        truth = set(targets.items[rows].tolist())
        order = [i for i in np.argsort(-scores[user], kind="stable").tolist() if i not in hidden]
        hits = [place for place, item in enumerate(order[:cutoff]) if item in truth]
        ideal = sum(1 / np.log2(p + 2) for p in range(min(cutoff, len(truth))))
        found["hr"].append(float(bool(hits)))
        found["recall"].append(len(hits) / len(truth))
        found["precision"].append(len(hits) / cutoff)
        found["ndcg"].append(sum(1 / np.log2(p + 2) for p in hits) / ideal)
        found["mrr"].append(1 / (hits[0] + 1) if hits else 0.0)
        precisions = sum((n + 1) / (p + 1) for n, p in enumerate(hits))
        found["map"].append(precisions / min(cutoff, len(truth)))
    return found


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("part", ["valid", "test"])
def test_metrics_are_those_of_the_sorted_lists(split: Split, part: str, masked: bool) -> None:
    targets = split.valid if part == "valid" else split.test
    assert isinstance(targets, TargetSets)
    scores = distinct_scores()
    places = set_ranks(Table(scores), targets, mask_seen=masked, block=7)
    for cutoff in (1, 5, 20):
        values = per_question(places, targets.firsts, (cutoff,))
        for name, expected in naive(scores, targets, cutoff, masked=masked).items():
            np.testing.assert_allclose(values[f"{name}@{cutoff}"], expected, err_msg=name)


def test_a_user_is_scored_once(split: Split) -> None:
    assert isinstance(split.test, TargetSets)
    model = Counting(distinct_scores())
    set_ranks(model, split.test, mask_seen=True)
    assert model.rows == len(split.test.firsts) < len(split.test)


def test_a_retriever_is_counted_like_a_table(split: Split) -> None:
    assert isinstance(split.test, TargetSets)
    torch.manual_seed(0)
    model = MF(USERS, ITEMS, MFConfig(dim=6, ridge=0.0, fresh=False))
    scores = (model.users.weight @ model.items.weight.T).detach().numpy()
    found = set_ranks(model, split.test, mask_seen=True, block=16)
    np.testing.assert_array_equal(found, set_ranks(Table(scores), split.test, mask_seen=True))


def test_with_one_answer_a_question_is_the_usual_one(split: Split) -> None:
    assert isinstance(split.test, TargetSets)
    rng = np.random.default_rng(2)
    scores = rng.integers(0, 9, (USERS, ITEMS)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.05] = np.nan
    one = split.test.take(split.test.firsts)
    single = ranks(Table(scores), one, mask_seen=False)
    places = set_ranks(Table(scores), one, mask_seen=False)
    np.testing.assert_array_equal(places, single)
    for key, value in per_target(single).items():
        np.testing.assert_allclose(per_question(places, one.firsts)[key], value, err_msg=key)


def test_answers_of_one_score_stand_one_behind_the_other(split: Split) -> None:
    """However many tie, no question has a metric above 1, and the mean place of a tie stays."""
    assert isinstance(split.test, TargetSets)
    same = np.zeros((USERS, ITEMS), dtype=np.float32)
    places = set_ranks(Table(same), split.test, mask_seen=True)
    for key, value in per_question(places, split.test.firsts, (1, 5, 10, 20, 40)).items():
        assert value.max() <= 1 + 1e-12, key
    for user in np.unique(split.test.users):
        rows = split.test.users == user
        listed = ITEMS - len(set(split.test.left_out[int(np.flatnonzero(rows)[0])].tolist()))
        assert places[rows].mean() == pytest.approx((listed - 1) / 2)
        assert (np.diff(np.sort(places[rows])) >= 1).all()


def test_unscored_and_hidden_answers_are_misses(split: Split) -> None:
    assert isinstance(split.test, TargetSets)
    scores = distinct_scores()
    for row in split.test.firsts:
        scores[split.test.users[row], split.test.items[row]] = np.nan
    places = set_ranks(Table(scores), split.test, mask_seen=True)
    assert np.isinf(places[split.test.firsts]).all()
    assert np.isfinite(np.delete(places, split.test.firsts)).all()


def test_the_report_counts_users_and_says_what_was_left_out(split: Split, market: Dataset) -> None:
    assert isinstance(split.test, TargetSets)
    model: Scorer = Table(distinct_scores())
    found = evaluate(model, split, market, part="test")
    expected = naive(distinct_scores(), split.test, 20, masked=True)
    assert found.metrics["recall@20"] == pytest.approx(np.mean(expected["recall"]))
    assert found.metrics["ndcg@20"] == pytest.approx(np.mean(expected["ndcg"]))
    assert found.per_user.height == len(split.test.firsts) == found.protocol["evaluated_users"]
    assert found.protocol["answers"] == len(split.test)
    assert found.protocol["left_out"] == "train, valid"
    row = found.per_user.row(3, named=True)
    user = int(split.test.users[split.test.firsts[3]])
    assert row["user_id"] == f"u{user}"
    assert row["item_id"] == [f"i{i}" for i in split.test.items[split.test.users == user]]
    assert row["history_length"] == len(split.train[user])
    groups = found.groups["users"]
    held = [group for group in (groups["head"], groups["tail"]) if group["targets"]]
    assert sum(group["targets"] for group in held) == len(split.test.firsts)
    whole = sum(group["targets"] * group["recall@20"] for group in held) / len(split.test.firsts)
    assert whole == pytest.approx(found.metrics["recall@20"])
    assert sum(found.groups["items"][name]["targets"] for name in ("head", "tail")) == len(split.test)


def test_no_list_shows_a_validation_item_at_the_test(split: Split, market: Dataset) -> None:
    """What validation held out ranks first here; the lists must leave it out."""
    assert isinstance(split.valid, TargetSets)
    scores = distinct_scores()
    scores[split.valid.users, split.valid.items] = 1e6
    free = evaluate(Table(scores), split, market, part="test")
    assert free.metrics["hr@10"] == evaluate(Table(distinct_scores()), split, market, part="test").metrics["hr@10"]
    assert free.beyond == evaluate(Table(distinct_scores()), split, market, part="test").beyond


def test_validation_is_judged_by_twenty_places(split: Split) -> None:
    found = validation_metrics(Table(distinct_scores()), split.valid)
    assert chosen_by(split.valid) == "ndcg@20"
    assert {"recall@20", "ndcg@20", "hr@20", "ndcg@10"} <= found.keys()


def test_sampled_candidates_are_refused(split: Split, market: Dataset) -> None:
    with pytest.raises(ConfigError, match="several"):
        evaluate(Table(distinct_scores()), split, market, part="test", protocol="sampled-100")
