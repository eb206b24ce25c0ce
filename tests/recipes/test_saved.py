"""A saved model stands alone, comes back equal, and is refused when it is not whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from fakes import FAKE, FakeConfig, FakeTrainer
from foretaste.core.errors import ArtefactError
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.recipes.saved import load_model
from foretaste.recipes.saving import save_model

pytestmark = pytest.mark.usefixtures("fake_recipe")


@pytest.fixture
def saved(tmp_path: Path, tidy: Path) -> tuple[Path, FakeTrainer, Dataset]:
    dataset = Dataset.load(tidy)
    model = FakeTrainer(dataset.num_items, 4)
    folder = tmp_path / "model"
    save_model(folder, "fake", FakeConfig(seed=3), model, dataset, leave_one_out(dataset.sequences), version="9")
    return folder, model, dataset


def test_everything_comes_back(saved: tuple[Path, FakeTrainer, Dataset]) -> None:
    folder, model, dataset = saved
    found = load_model(folder)
    assert (found.recipe, found.config, found.users) == ("fake", FakeConfig(seed=3), None)
    assert torch.equal(found.model.state_dict()["table"], model.table)
    assert list(found.items) == list(dataset.items)
    assert found.titles == dataset.titles()
    assert not found.model.training
    assert found.info["data"]["fingerprint"] == dataset.fingerprint
    train = leave_one_out(dataset.sequences).train
    np.testing.assert_array_equal(found.popularity, train.counts(dataset.num_items))
    assert found.catalogue["brand"].to_list() == ["b"] * dataset.num_items


def test_what_only_training_needs_is_not_saved(saved: tuple[Path, FakeTrainer, Dataset]) -> None:
    assert "training_only" not in load_model(saved[0]).model.state_dict()


def test_loading_leaves_the_random_state_alone(saved: tuple[Path, FakeTrainer, Dataset]) -> None:
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    load_model(saved[0])
    assert torch.equal(torch.rand(1), wanted)


def test_users_are_kept_only_for_models_that_know_them(tmp_path: Path, tidy: Path) -> None:
    dataset = Dataset.load(tidy)
    model = FakeTrainer(dataset.num_items, 4)
    model.knows_users = True  # type: ignore[assignment]
    save_model(tmp_path / "m", "fake", FakeConfig(), model, dataset, leave_one_out(dataset.sequences))
    users = load_model(tmp_path / "m").users
    assert users is not None
    assert list(users) == list(dataset.users)


def test_a_catalogue_column_called_popularity_is_kept_beside_the_training_counts(tmp_path: Path, tidy: Path) -> None:
    items = pl.read_parquet(tidy / "items.parquet").with_columns(pl.lit("high").alias("popularity"))
    items.write_parquet(tidy / "items.parquet")
    dataset = Dataset.load(tidy)
    model = FakeTrainer(dataset.num_items, 4)
    save_model(tmp_path / "m", "fake", FakeConfig(), model, dataset, leave_one_out(dataset.sequences))
    found = load_model(tmp_path / "m")
    assert found.popularity.sum() > 0
    assert found.catalogue["popularity_attribute"][0] == "high"


@pytest.mark.parametrize("name", ["weights.safetensors", "model.json", "items.parquet"])
def test_damaged_and_missing_files_are_named(saved: tuple[Path, FakeTrainer, Dataset], name: str) -> None:
    file = saved[0] / name
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"\0")
    with pytest.raises(ArtefactError, match=f"{name} is damaged"):
        load_model(saved[0])
    file.unlink()
    with pytest.raises(ArtefactError, match=f"{name} is missing"):
        load_model(saved[0])


def test_unfinished_foreign_and_newer_folders_are_refused(saved: tuple[Path, FakeTrainer, Dataset], tidy: Path) -> None:
    folder = saved[0]
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(ArtefactError, match="format 99"):
        load_model(folder)
    (folder / "manifest.json").write_text(json.dumps({"kind": "data"}))
    with pytest.raises(ArtefactError, match="something else"):
        load_model(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ArtefactError, match=r"manifest\.json is damaged"):
        load_model(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(ArtefactError, match="cut off"):
        load_model(folder)
    with pytest.raises(ArtefactError, match="not a model"):
        load_model(tidy)


def test_a_network_of_another_shape_is_refused_when_saving(tmp_path: Path, tidy: Path) -> None:
    dataset = Dataset.load(tidy)
    model = FakeTrainer(dataset.num_items, 5)
    with pytest.raises(TypeError, match="table"):
        save_model(tmp_path / "m", FAKE.name, FakeConfig(dim=4), model, dataset, leave_one_out(dataset.sequences))
    assert not (tmp_path / "m" / "manifest.json").exists()
