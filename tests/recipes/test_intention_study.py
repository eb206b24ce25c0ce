"""Wishes without a word of the title, and whether following them is measured rightly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import foretaste
from foretaste.core.errors import DataError
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.recipes.intention import item_wishes, study_intention
from foretaste.recipes.train import train_run
from texts_fakes import write_shop

KEYS = ("text.encoder=tfidf", "text.tfidf.dim=30", "text.tfidf.max_share=1", "dim=16", "negatives=8", "layers=1")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose goods have a genre that their title does not name."""
    folder = write_shop(tmp_path_factory.mktemp("wishes") / "shop")
    items = pl.read_parquet(folder / "items.parquet")
    kinds = pl.Series("genres", [["kind" + title.split()[1][:3]] for title in items["title"]])
    items.with_columns(kinds).write_parquet(folder / "items.parquet")
    train_run("alpharec", folder, folder.parent / "run", [*KEYS, "train.batch_tokens=64", "train.epochs=5"])
    return folder


def test_a_wish_has_no_word_of_the_title(shop: Path) -> None:
    dataset = Dataset.load(shop)
    for title, wish in zip(dataset.titles(), item_wishes(dataset), strict=True):
        assert wish.startswith("kind")
        assert not set(title.casefold().split()) & set(wish.casefold().split())
        assert len(set(wish.split())) == len(wish.split())


def test_without_attributes_nothing_is_wished(shop: Path) -> None:
    with pytest.raises(DataError, match="no wish can be made"):
        item_wishes(Dataset.load(shop), ("colour",))


def test_the_weight_is_chosen_by_validation_and_the_numbers_are_those_of_the_lists(shop: Path) -> None:
    run = shop.parent / "run"
    study = study_intention(run, alphas=(0.0, 0.5, 1.0))
    assert set(study.valid) == {0.0, 0.5, 1.0}
    assert study.valid[study.alpha]["ndcg@5"] == max(found["ndcg@5"] for found in study.valid.values())
    dataset, recommender = Dataset.load(shop), foretaste.load(run)
    wishes, test = item_wishes(dataset), leave_one_out(dataset.sequences).test
    assert study.asked == (len(test), len(test))
    for alpha, found in ((None, study.without), (study.alpha, study.wished)):
        hits = []
        for row, item in enumerate(test.items):
            history = dataset.items.decode(test.histories[row])
            keys = {"intent": wishes[item], "alpha": alpha} if alpha else {}
            (answer,) = recommender.recommend(histories=[history], k=5, **keys)  # type: ignore[arg-type]
            hits.append(dataset.items[int(item)] in {one.item_id for one in answer})
        assert np.mean(hits) == pytest.approx(found["hr@5"], abs=0.03)  # a tie counts half


def test_a_recipe_without_texts_is_refused(shop: Path, tmp_path: Path) -> None:
    train_run("popularity", shop, tmp_path / "popular", [])
    with pytest.raises(DataError, match="cannot follow"):
        study_intention(tmp_path / "popular")
