from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rank_oracles import Table

from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.sequences import Sequences
from foretaste.data.split import Split, leave_one_out
from foretaste.data.vocabulary import Vocabulary
from foretaste.evaluation.evaluate import Evaluation, evaluate, validation_metrics
from foretaste.evaluation.metrics import mean_metrics
from foretaste.evaluation.ranks import ranks

USERS, ITEMS = 60, 130


@pytest.fixture(scope="module")
def market() -> tuple[Dataset, Split, Table]:
    rng = np.random.default_rng(0)
    rows = [rng.zipf(1.4, size=rng.integers(1, 30)).clip(1, ITEMS) - 1 for _ in range(USERS)]
    sequences = Sequences.from_lists([row.tolist() for row in rows])
    items = [f"i{n}" for n in range(ITEMS)]
    catalogue = pl.DataFrame({"item_id": items, "categories": [[f"c{n % 7}"] for n in range(ITEMS)]})
    users = Vocabulary([f"u{n}" for n in range(USERS)])
    dataset = Dataset("tiny", users, Vocabulary(items), sequences, catalogue, False, "abc", {}, Path("."))
    scores = rng.integers(0, 30, size=(USERS, ITEMS)).astype(np.float32)
    return dataset, leave_one_out(sequences), Table(scores)


@pytest.fixture(scope="module")
def found(market: tuple[Dataset, Split, Table]) -> Evaluation:
    dataset, split, model = market
    return evaluate(model, split, dataset, part="test")


def test_metrics_are_those_of_the_ranks(market: tuple[Dataset, Split, Table], found: Evaluation) -> None:
    _, split, model = market
    assert found.metrics == mean_metrics(ranks(model, split.test, mask_seen=True))
    assert found.metrics == mean_metrics(found.per_user["rank"].to_numpy())


def test_each_target_has_a_row(market: tuple[Dataset, Split, Table], found: Evaluation) -> None:
    dataset, split, _ = market
    rows = found.per_user
    assert rows.columns == ["user_id", "item_id", "rank", "history_length", "target_popularity"]
    assert rows.height == len(split.test)
    user = int(split.test.users[7])
    row = rows.row(7, named=True)
    own = dataset.sequences[user]
    assert (row["user_id"], row["item_id"]) == (f"u{user}", f"i{own[-1]}")
    assert row["history_length"] == len(own) - 1
    train = [item for u in range(USERS) for item in split.train[u].tolist()]
    assert row["target_popularity"] == train.count(int(own[-1]))


def test_groups_sum_to_all_targets_and_average_to_the_whole(found: Evaluation) -> None:
    for side in ("items", "users"):
        report = found.groups[side]
        divisions = [{"head": report["head"], "tail": report["tail"]}, *report["bins"].values()]
        for groups in divisions:
            held = [g for g in groups.values() if g["targets"]]
            assert sum(g["targets"] for g in held) == found.protocol["evaluated_users"]
            whole = sum(g["targets"] * g["hr@10"] for g in held) / found.protocol["evaluated_users"]
            assert whole == pytest.approx(found.metrics["hr@10"])


def test_the_protocol_stands_beside_the_numbers(found: Evaluation) -> None:
    short = found.protocol["excluded_users"]
    assert short > 0
    assert found.protocol["evaluated_users"] + short == USERS
    expected = {"data": "tiny", "split": "leave-one-out", "part": "test", "candidates": "full", "seen": "masked"}
    assert expected.items() <= found.protocol.items()
    assert {"ties": "half", "unscored": "miss", "popularity": "train"}.items() <= found.protocol.items()
    assert found.protocol["unreachable_targets"] == int(np.isinf(found.per_user["rank"].to_numpy()).sum()) > 0


def test_the_report_is_plain_json_without_nan(found: Evaluation) -> None:
    report = json.loads(json.dumps(found.as_json("runs/x"), allow_nan=False))
    assert list(report) == ["run", "protocol", "metrics", "groups", "beyond"]
    empty = [g for g in report["groups"]["users"]["bins"]["length"].values() if not g["targets"]]
    assert all(g["hr@10"] is None for g in empty)
    assert 0 < report["beyond"]["coverage"] <= 1


def test_sampled_candidates_flatter_and_say_so(market: tuple[Dataset, Split, Table]) -> None:
    dataset, split, model = market
    found = evaluate(model, split, dataset, part="valid", protocol="sampled-100", seed=4, beyond=False)
    assert found.protocol["candidates"] == "sampled-100"
    assert found.protocol["num_candidates"] == 101
    assert found.protocol["candidate_seed"] == 4
    assert "beyond" not in found.as_json()


def test_validation_reads_ndcg_and_hit_rate(market: tuple[Dataset, Split, Table]) -> None:
    _, split, model = market
    whole = mean_metrics(ranks(model, split.valid, mask_seen=False))
    assert validation_metrics(model, split.valid, mask_seen=False) == {k: whole[k] for k in ("ndcg@10", "hr@10")}


def test_a_misspelt_protocol_is_answered_with_the_nearest(market: tuple[Dataset, Split, Table]) -> None:
    dataset, split, model = market
    with pytest.raises(ConfigError, match="sampled-100"):
        evaluate(model, split, dataset, part="test", protocol="sampled100")
