"""One projector over several data sets: trained together, and taken over by one that nothing was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import foretaste
from foretaste.core.errors import ConfigError
from foretaste.core.files import read_json
from foretaste.data.sequences import Sequences
from foretaste.models.alpharec import AlphaRec
from foretaste.models.alpharec_votes import VotedAlphaRec
from foretaste.nn.batch import PairBatch
from foretaste.recipes.measuring import measure_run
from foretaste.recipes.saved import load_model
from foretaste.recipes.train import train_run
from foretaste.training.pairs import PairBatches
from foretaste.training.together import TogetherBatches
from texts_fakes import write_shop

TEXT = ("text.encoder=tfidf", "text.tfidf.dim=12", "text.tfidf.max_share=1", "tell=title")
KEYS = (*TEXT, "dim=8", "negatives=8", "train.batch_tokens=64", "train.epochs=6", "train.lr=0.01")


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shops of the same goods under other ids, and a run on the first."""
    folder = tmp_path_factory.mktemp("transfer")
    write_shop(folder / "source")
    renamed(write_shop(folder / "target", seed=5))
    train_run("alpharec", folder / "source", folder / "run", list(KEYS))
    return folder


def renamed(folder: Path) -> Path:
    """Other ids, other users, and no attribute but the title."""
    for name in ("interactions", "items"):
        file = folder / f"{name}.parquet"
        table = pl.read_parquet(file).with_columns(("x" + pl.col("item_id")).alias("item_id"))
        table = table.drop("brand", strict=False)
        table.sample(fraction=1.0, shuffle=True, seed=1).write_parquet(file)
    return folder


def test_nothing_is_trained_and_the_projector_is_the_same(shops: Path, tmp_path: Path) -> None:
    found = train_run("alpharec", shops / "target", tmp_path / "zero", [f"projector={shops / 'run'}"])
    first, second = (load_model(path / "model").model for path in (shops / "run", tmp_path / "zero"))
    assert isinstance(first, AlphaRec)
    assert isinstance(second, AlphaRec)
    for a, b in zip(first.projector.parameters(), second.projector.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not (tmp_path / "zero" / "stages" / "fit").exists()
    assert found.test["metrics"]["hr@10"] > 0.4  # a shop of three themes: 16 of 48 goods are of one
    again = measure_run(tmp_path / "zero")
    assert again.report["metrics"] == found.test["metrics"]


def test_votes_come_along_with_a_projector_and_can_be_left_out(shops: Path, tmp_path: Path) -> None:
    for name, keys in {"votes": [], "alone": ["votes=0"]}.items():
        train_run("alpharec", shops / "target", tmp_path / name, [f"projector={shops / 'run'}", *keys])
    trained, voted, alone = (
        load_model(p / "model").model for p in (shops / "run", tmp_path / "votes", tmp_path / "alone")
    )
    assert isinstance(voted, VotedAlphaRec)
    assert voted.votes == 0.5
    assert type(trained) is type(alone) is AlphaRec
    assert voted.item_vectors().shape[1] == alone.item_vectors().shape[1] + 12


def test_a_text_means_the_same_in_both_catalogues(shops: Path, tmp_path: Path) -> None:
    """The same title has the same language vector, whichever catalogue it is in and though TF-IDF was fitted once."""
    train_run("alpharec", shops / "target", tmp_path / "zero", [f"projector={shops / 'run'}"])
    first, second = (load_model(path / "model") for path in (shops / "run", tmp_path / "zero"))
    order = [first.items.index_of(raw.removeprefix("x")) for raw in second.items]
    torch.testing.assert_close(second.model.vectors, first.model.vectors[np.array(order)])  # type: ignore[index]


def test_new_items_enter_a_zero_shot_run(shops: Path, tmp_path: Path) -> None:
    train_run("alpharec", shops / "target", tmp_path / "zero", [f"projector={shops / 'run'}"])
    shop = foretaste.load(tmp_path / "zero").add_items([{"item_id": "new", "title": "green guitar for the music"}])
    twin = shop.items.index_of("xm8")
    assert shop.saved.titles[-1] == shop.saved.titles[twin]  # type: ignore[index]
    torch.testing.assert_close(shop.saved.model.vectors[-1], shop.saved.model.vectors[twin])  # type: ignore[index]
    assert "new" in {found.item_id for found in shop.recommend(histories=[["xm1"]], k=50)[0]}


@pytest.mark.parametrize("keys", ["dim=4", "text.tfidf.dim=10", "scale=whiten", "map=linear"])
def test_other_keys_are_refused(shops: Path, tmp_path: Path, keys: str) -> None:
    with pytest.raises(ConfigError, match="was trained with"):
        train_run("alpharec", shops / "target", tmp_path / "zero", [f"projector={shops / 'run'}", keys])


def test_another_encoder_is_refused(shops: Path, tmp_path: Path) -> None:
    keys = [f"projector={shops / 'run'}", "text.encoder=some/other-model"]
    with pytest.raises(ConfigError, match="read by tfidf-svd"):
        train_run("alpharec", shops / "target", tmp_path / "zero", keys)


def test_a_prompt_of_columns_that_are_not_there_is_refused(shops: Path, tmp_path: Path) -> None:
    train_run("alpharec", shops / "source", tmp_path / "columns", [*KEYS, "tell=columns", "train.epochs=1"])
    with pytest.raises(ConfigError, match="brand, which this catalogue lacks"):
        train_run("alpharec", shops / "target", tmp_path / "zero", [f"projector={tmp_path / 'columns'}"])


def test_a_run_without_projector_is_refused(shops: Path, tmp_path: Path) -> None:
    train_run("popularity", shops / "source", tmp_path / "popular", [])
    with pytest.raises(ConfigError, match="a run of popularity"):
        train_run("alpharec", shops / "target", tmp_path / "zero", [f"projector={tmp_path / 'popular'}"])


def test_several_data_sets_train_one_projector(shops: Path, tmp_path: Path) -> None:
    keys = [*KEYS, f"also={shops / 'target'}"]
    found = train_run("alpharec", shops / "source", tmp_path / "both", keys)
    alone, both = (load_model(path / "model").model.state_dict() for path in (shops / "run", tmp_path / "both"))
    assert alone.keys() == both.keys()
    assert not torch.equal(alone["projector.first.weight"], both["projector.first.weight"])
    torch.testing.assert_close(alone["vectors"], both["vectors"])
    protocol = read_json(tmp_path / "both" / "metrics.json")["test"]["protocol"]
    assert protocol["num_candidates"] == 48
    assert found.test["metrics"]["hr@10"] > 0.4
    train_run("alpharec", shops / "target", tmp_path / "zero", [f"projector={tmp_path / 'both'}"])


def test_with_a_projector_nothing_else_is_trained_on(shops: Path, tmp_path: Path) -> None:
    keys = [f"projector={shops / 'run'}", f"also={shops / 'target'}"]
    with pytest.raises(ConfigError, match="do not go together"):
        train_run("alpharec", shops / "target", tmp_path / "zero", keys)


def test_each_batch_is_of_one_data_set_and_an_epoch_has_them_all() -> None:
    logs = [Sequences.from_lists([[0, 1, 2], [3]]), Sequences.from_lists([]), Sequences.from_lists([[7, 8], [9, 7, 6]])]
    batches = TogetherBatches([PairBatches(log, size=2, seed=0) for log in logs], seed=0)
    seen: list[tuple[int, int, int]] = []
    for block in batches.epoch(0):
        found = batches.batch(block)
        assert isinstance(found.batch, PairBatch)
        seen += [(found.part, int(u), int(i)) for u, i in zip(found.batch.users, found.batch.items, strict=True)]
    expected = [(n, u, int(i)) for n, log in enumerate(logs) for u in range(len(log)) for i in log[u]]
    assert sorted(seen) == sorted(expected)
    assert [block.tolist() for block in batches.epoch(1)] == [block.tolist() for block in batches.epoch(1)]
    assert [block.tolist() for block in batches.epoch(0)] != [block.tolist() for block in batches.epoch(1)]
