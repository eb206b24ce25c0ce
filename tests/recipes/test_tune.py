"""Searching: equal budgets, the test targets out of reach, and a study that goes on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from fakes import FAKE, FakeConfig, Interruptions
from foretaste.core.config import configure
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.recipes.registry import Recipe
from foretaste.recipes.splitting import make_split, open_dataset
from foretaste.recipes.tune import tune_run
from foretaste.recipes.without_test import without_test

pytest.importorskip("optuna")


def test_the_best_trial_is_written_as_a_config(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    found = tune_run("fake", tidy, tmp_path / "tune", trials=3, overrides=["train.epochs=2"])
    assert len(found.trials) == 3
    assert found.value == max(row["value"] for row in found.trials)
    config = configure(FakeConfig, file=found.config_file)
    assert config.train.epochs == 2
    assert {"dim": config.dim, "train.lr": config.train.lr} == found.best
    assert config.dim in (2, 4)
    assert config.train.lr in (0.05, 0.5)


def test_the_defaults_are_the_first_trial(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    space = tmp_path / "space.toml"
    space.write_text("dim = [2, 4]\n[train]\nlr = {low = 1e-2, high = 1.0, log = true}\nepochs = {low = 1, high = 3}\n")
    found = tune_run("fake", tidy, tmp_path / "tune", trials=3, space_file=space, overrides=["train.lr=0.2"])
    assert found.trials[0]["values"] == {"dim": 4, "train.lr": 0.2, "train.epochs": 1}
    assert all(isinstance(row["values"]["train.epochs"], int) for row in found.trials)


def test_a_default_outside_the_space_is_tried_as_it_is(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    space = tmp_path / "space.toml"
    space.write_text("dim = [2, 4]\n[train]\nlr = {low = 1e-2, high = 1.0}\n")
    fake_recipe.stop_before = "second"
    with pytest.raises(KeyboardInterrupt):
        tune_run("fake", tidy, tmp_path / "tune", trials=2, space_file=space, overrides=["train.lr=3"])
    fake_recipe.stop_before = None
    found = tune_run("fake", tidy, tmp_path / "tune", trials=2, space_file=space, overrides=["train.lr=3"])
    assert found.trials[0]["values"] == {"dim": 4, "train.lr": 3.0}
    assert found.trials[1]["values"]["train.lr"] <= 1.0


def test_a_study_goes_on_and_counts_what_was_done(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    fake_recipe.stop_before = "second"
    with pytest.raises(KeyboardInterrupt):
        tune_run("fake", tidy, tmp_path / "tune", trials=3)
    fake_recipe.stop_before = None
    found = tune_run("fake", tidy, tmp_path / "tune", trials=3)
    assert len(found.trials) == 3
    assert fake_recipe.stages[:2] == ["first", "second"], "the stage of the interrupted trial was not run again"
    before = list(fake_recipe.stages)
    assert tune_run("fake", tidy, tmp_path / "tune", trials=3).trials == found.trials
    assert fake_recipe.stages == before
    assert len(tune_run("fake", tidy, tmp_path / "tune", trials=4).trials) == 4


def test_seconds_end_the_search(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    assert len(tune_run("fake", tidy, tmp_path / "tune", trials=50, seconds=1e-6).trials) == 1


def test_nothing_of_the_test_targets_reaches_a_trial(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    tune_run("fake", tidy, tmp_path / "tune", trials=1)
    assert all(len(split.test) == 0 for split in fake_recipe.seen)
    dataset = open_dataset(tidy)
    split = make_split(dataset, "leave-one-out")
    blind, cut = without_test(dataset, split)
    assert len(cut.test) == 0
    np.testing.assert_array_equal(cut.valid.items, split.valid.items)
    for user, place in zip(split.test.users, split.test.places, strict=True):
        np.testing.assert_array_equal(blind.sequences[user], dataset.sequences[user][:place])


def test_another_search_in_the_same_folder_is_refused(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    tune_run("fake", tidy, tmp_path / "tune", trials=1)
    with pytest.raises(ArtefactError, match="another config"):
        tune_run("fake", tidy, tmp_path / "tune", trials=1, overrides=["seed=3"])
    with pytest.raises(ArtefactError, match="not empty and not a search"):
        tune_run("fake", tidy, tidy, trials=1)


def test_refused_settings_count_and_do_not_stop_the_search(
    fake_recipe: Interruptions, tidy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(run: object, data: object, split: object, config: FakeConfig) -> object:
        if config.dim == 4:
            raise ConfigError("dim=4 does not fit")
        return FAKE.train(run, data, split, config)

    module = sys.modules["foretaste_fake"]
    monkeypatch.setattr(module, "RECIPE", Recipe(**{**vars(FAKE), "train": picky}))
    found = tune_run("fake", tidy, tmp_path / "tune", trials=4)
    told = {row["values"]["dim"]: row["refused"] for row in found.trials}
    assert told == {4: "dim=4 does not fit", 2: ""}
    assert found.best["dim"] == 2


def test_a_recipe_without_a_space_says_so(
    fake_recipe: Interruptions, tidy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["foretaste_fake"]
    monkeypatch.setattr(module, "RECIPE", Recipe(**{**vars(FAKE), "space": {}}))
    with pytest.raises(ConfigError, match="no space"):
        tune_run("fake", tidy, tmp_path / "tune", trials=1)
    with pytest.raises(ConfigError, match="0 trials"):
        tune_run("fake", tidy, tmp_path / "tune", trials=0)


def test_trials_leave_no_weights_behind(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    tune_run("fake", tidy, tmp_path / "tune", trials=2)
    assert not list((tmp_path / "tune").rglob("*.safetensors"))
    results = [json.loads(f.read_text()) for f in (tmp_path / "tune").rglob("result.json")]
    assert {"value", "seconds", "config"} == set(results[0])
