"""Caser from raw data to a saved model that answers alone."""

from __future__ import annotations

from pathlib import Path

import foretaste
from foretaste.recipes.saved import load_model
from foretaste.recipes.train import train_run

SMALL = ["dim=8", "hidden=8", "horizontal=3", "vertical=2", "train.epochs=3", "train.batch_tokens=64"]


def test_from_raw_data_to_answers(tidy: Path, tmp_path: Path) -> None:
    result = train_run("caser", tidy, tmp_path / "run", SMALL)
    assert result.test["metrics"]["ndcg@10"] > 0
    saved = load_model(tmp_path / "run" / "model")
    assert saved.model.item_vectors().shape == (18, 8)  # type: ignore[operator]
    first, second = foretaste.load(tmp_path / "run").recommend(histories=[["i3", "i4", "i5"], ["i9"]], k=4)
    assert len(first) == len(second) == 4
    assert [one.item_id for one in first] != [one.item_id for one in second]


def test_methods_of_the_long_tail_stand_on_it(tidy: Path, tmp_path: Path) -> None:
    text = ["text.encoder=tfidf", "text.tfidf.dim=8", "text.tfidf.min_count=1", "text.tfidf.max_share=1"]
    keys = [*SMALL, *text, "backbone=caser", "neighbours=3", "tune_serving=false"]
    assert train_run("llmesr", tidy, tmp_path / "run", keys).test["metrics"]["ndcg@10"] > 0
