"""One run: what it writes, when it goes on, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from fakes import Interruptions, write_tidy
from foretaste.core.errors import ArtefactError, ConfigError, DataError
from foretaste.recipes.run_folder import locked
from foretaste.recipes.saved import load_model
from foretaste.recipes.train import resume_run, train_run


def test_a_run_leaves_everything_behind(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    result = train_run("fake", tidy, tmp_path / "run", ["dim=2", "train.lr=0.5", "seed=7"])
    run = tmp_path / "run"
    record = json.loads((run / "run.json").read_text())
    assert record["recipe"] == "fake"
    assert record["seed"] == 7
    assert record["config"]["train"] == {"lr": 0.5, "epochs": 1}
    assert record["data"]["path"] == str(tidy.resolve())
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["data"]["fingerprint"] == record["data"]["fingerprint"]
    assert manifest["metrics"]["test"] == result.test["metrics"]
    assert manifest["protocol"]["split"] == "leave-one-out"
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics == {"test": result.test, "valid": result.valid}
    assert {"run", "protocol", "metrics", "groups"} <= set(metrics["test"])
    ranks = pl.read_parquet(run / "per_user.parquet")
    assert {"user_id", "rank"} <= set(ranks.columns)
    assert ranks.height == manifest["protocol"]["evaluated_users"]
    assert load_model(run / "model").config.dim == 2


def test_a_finished_run_is_not_run_again(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    first = train_run("fake", tidy, tmp_path / "run")
    again = train_run("fake", tidy, tmp_path / "run")
    assert fake_recipe.stages == ["first", "second"]
    assert again.finished_before
    assert (again.test, again.valid, again.seconds) == (first.test, first.valid, first.seconds)
    assert resume_run(tmp_path / "run").finished_before


@pytest.mark.parametrize("by", ["same call", "resume"])
def test_a_stopped_run_goes_on_where_it_was(
    fake_recipe: Interruptions, tidy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    fake_recipe.stop_before = "second"
    with pytest.raises(KeyboardInterrupt):
        train_run("fake", tidy, tmp_path / "run", ["dim=2"])
    assert f"go on with: foretaste train --resume {tmp_path / 'run'}" in capsys.readouterr().err
    assert not (tmp_path / "run" / "manifest.json").exists()
    fake_recipe.stop_before = None
    result = train_run("fake", tidy, tmp_path / "run", ["dim=2"]) if by == "same call" else resume_run(tmp_path / "run")
    assert fake_recipe.stages == ["first", "second"], "the finished stage is not run twice"
    assert not result.finished_before
    straight = train_run("fake", tidy, tmp_path / "straight", ["dim=2"])
    assert straight.test["metrics"] == result.test["metrics"]


def test_another_config_recipe_or_data_is_refused(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train_run("fake", tidy, out, ["dim=2"])
    with pytest.raises(ArtefactError) as caught:
        train_run("fake", tidy, out, ["dim=4", "train.lr=1"])
    assert caught.value.where == "dim=2 there, 4 now; train.lr=0.1 there, 1.0 now"
    other = write_tidy(tmp_path / "other", seed=1)
    with pytest.raises(ArtefactError, match="started with something else"):
        train_run("fake", other, out, ["dim=2"])
    assert fake_recipe.stages == ["first", "second"]


def test_a_folder_of_something_else_is_left_alone(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="not empty and not a run"):
        train_run("fake", tidy, tidy)
    assert not (tidy / "run.json").exists()


def test_two_processes_do_not_share_a_run(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "run"), pytest.raises(ArtefactError, match="another process"):
        train_run("fake", tidy, tmp_path / "run")
    train_run("fake", tidy, tmp_path / "run")


def test_resume_needs_a_run_and_its_data(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    fake_recipe.stop_before = "second"
    with pytest.raises(KeyboardInterrupt):
        train_run("fake", tidy, tmp_path / "run")
    fake_recipe.stop_before = None
    with pytest.raises(ArtefactError) as caught:
        resume_run(tmp_path / "rnu")
    assert str(tmp_path / "run") in caught.value.mend
    with pytest.raises(ArtefactError, match="not the folder of a run"):
        resume_run(tidy)
    moved = tmp_path / "elsewhere"
    shutil.move(tidy, moved)
    with pytest.raises(DataError, match="no data folder"):
        resume_run(tmp_path / "run")
    with pytest.raises(ArtefactError, match="not the data"):
        resume_run(tmp_path / "run", write_tidy(tmp_path / "other", seed=1))
    assert not resume_run(tmp_path / "run", moved).finished_before


def test_one_seed_one_result(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    one, two, other = (
        train_run("fake", tidy, tmp_path / name, [f"seed={seed}"]) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    noise = [json.loads((tmp_path / name / "stages/first/noise.json").read_text()) for name in "abc"]
    assert noise[0] == noise[1] != noise[2]
    assert one.test["metrics"] == two.test["metrics"]
    assert other.test["protocol"]["seed"] == 2


def test_what_will_run_is_said_beforehand(
    fake_recipe: Interruptions, tidy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train_run("fake", tidy, tmp_path / "run")
    said = capsys.readouterr()
    assert said.out == ""
    for part in ("fake: Pretends to train.", "24 users", "leave-one-out", str(tmp_path / "run"), "leaks the future"):
        assert part in said.err


@pytest.mark.parametrize(
    ("call", "guess"),
    [
        (("fkae", "tiny", []), "'fake'"),
        (("fake", "tinny", []), "tiny"),
        (("fake", "tiny", ["dmi=3"]), "'dim'"),
        (("fake", "tiny", ["split=tiem"]), "'time'"),
    ],
)
def test_misspelt_names_are_answered_with_the_nearest(
    fake_recipe: Interruptions, tidy: Path, tmp_path: Path, call: tuple[str, str, list[str]], guess: str
) -> None:
    name, data, overrides = call
    with pytest.raises((ConfigError, DataError)) as caught:
        train_run(name, tidy.parent / data, tmp_path / "run", overrides)
    assert guess in caught.value.mend
    assert not (tmp_path / "run").exists()


def test_the_time_split_and_a_config_file(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('split = "time"\nmask_seen = false\n')
    result = train_run("fake", tidy, tmp_path / "run", ["dim=3"], config_file=file)
    assert result.test["protocol"]["split"] == "global-time"
    assert load_model(tmp_path / "run" / "model").config.dim == 3
