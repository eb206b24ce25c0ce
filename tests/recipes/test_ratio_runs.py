"""Whole runs with several answers for a user: trained, measured again, compared, searched."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from foretaste.cli.render import show_metrics
from foretaste.core.files import read_json
from foretaste.data.dataset import Dataset
from foretaste.evaluation.compare import compare
from foretaste.evaluation.report.page import write_report
from foretaste.recipes.measuring import measure_run
from foretaste.recipes.splitting import make_split
from foretaste.recipes.train import train_run
from foretaste.recipes.without_test import without_test
from texts_fakes import write_shop

TEXT = ("text.encoder=tfidf", "text.tfidf.dim=12", "text.tfidf.max_share=1")
PAIRS = ("dim=8", "negatives=8", "train.batch_tokens=64", "train.epochs=2")
KEYS: dict[str, tuple[str, ...]] = {
    "popularity": (),
    "itemknn": (),
    "textknn": TEXT,
    "mf": PAIRS,
    "lightgcn": PAIRS,
    "alpharec": (*PAIRS, *TEXT),
    "sgl": PAIRS,
    "multvae": ("hidden=8", "dim=4", "train.epochs=2"),
    "embknn": TEXT,
    "textvotes": TEXT,
    "sasrec": ("dim=8", "inner=8", "heads=1", "max_len=6", "train.epochs=2"),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("ratio") / "shop", users=60)


def trained(shop: Path, name: str, split: str = "ratio") -> Path:
    folder = shop.parent / f"{name}-{split}"
    train_run(name, shop, folder, [*KEYS[name], f"split={split}"])
    return folder


@pytest.mark.parametrize("name", KEYS)
def test_a_run_has_one_row_for_each_user_and_is_measured_again(shop: Path, name: str) -> None:
    folder = trained(shop, name)
    test = read_json(folder / "metrics.json")["test"]
    rows = pl.read_parquet(folder / "per_user.parquet")
    assert rows["user_id"].is_unique().all()
    assert rows.height == test["protocol"]["evaluated_users"]
    assert isinstance(rows["rank"].dtype, pl.List)
    assert test["protocol"]["split"] == "ratio"
    assert test["protocol"]["answers"] == rows["rank"].list.len().sum()
    again = measure_run(folder)
    assert json.dumps(again.report["metrics"]) == json.dumps(test["metrics"])
    assert again.per_user.equals(rows)


def test_the_best_epoch_is_that_of_the_validation_sets(shop: Path) -> None:
    folder = trained(shop, "mf")
    log = [json.loads(line) for line in (folder / "stages" / "fit" / "log.jsonl").read_text().splitlines()]
    valid = read_json(folder / "metrics.json")["valid"]["metrics"]
    assert max(line["valid"]["ndcg@20"] for line in log) == pytest.approx(valid["ndcg@20"])


def test_runs_are_compared_user_by_user(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [trained(shop, name) for name in ("popularity", "textknn")]
    found = compare(folders, samples=200)
    difference = found.difference("textknn", "recall@20")
    assert difference is not None
    assert difference.paired.users == found.protocol["evaluated_users"]
    means = [read_json(folder / "metrics.json")["test"]["metrics"]["recall@20"] for folder in folders]
    assert difference.paired.difference == pytest.approx(means[1] - means[0])
    assert found.warnings == ()
    write_report(found, tmp_path / "report.html")
    assert "Recall@20" in (tmp_path / "report.html").read_text(encoding="utf-8")
    show_metrics({"test": read_json(folders[0] / "metrics.json")["test"]})
    assert "recall@20" in capsys.readouterr().out


def test_other_splits_are_not_comparable(shop: Path) -> None:
    found = compare([trained(shop, "popularity"), trained(shop, "popularity", "ratio-chronological")], samples=50)
    assert any("split" in warning for warning in found.warnings)


def test_a_search_sees_nothing_of_the_test(shop: Path) -> None:
    dataset = Dataset.load(shop)
    split = make_split(dataset, "ratio")
    cut, rest = without_test(dataset, split)
    assert len(rest.test) == 0
    asked = {(int(u), int(i)) for u, i in zip(split.test.users, split.test.items, strict=True)}
    left = {(int(u), int(i)) for u, i in zip(cut.sequences.owners(), cut.sequences.flat(), strict=True)}
    assert not asked & left
    assert len(left) == split.train.total + len(split.valid)
