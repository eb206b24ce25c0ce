"""MELT and CITIES as recipes: stages, what is saved, and going on after a kill with the very same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from foretaste.core.artefact import Run
from foretaste.core.config import from_dict
from foretaste.core.errors import ConfigError
from foretaste.core.files import file_digest
from foretaste.data.contexts import surrounding_contexts
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.models.base import Scorer
from foretaste.models.melt import MELT
from foretaste.recipes import melt
from foretaste.recipes.presets import presets_of
from foretaste.recipes.registry import recipe
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.space import check_space
from foretaste.recipes.splitting import make_split
from foretaste.recipes.train import train_run
from foretaste.training import loop
from foretaste.training.checkpoint import load_weights

NAMES = ("melt", "cities")
SMALL = {"dim": 8, "hidden": 8, "inner": 8, "heads": 1, "layers": 1, "max_len": 6, "dropout": 0.2}
TRAIN = {"train.epochs": 2, "train.batch_tokens": 32, "train.device": "cpu"}
KEYS: dict[str, dict[str, Any]] = {
    "melt": {
        "joint.epochs": 3,
        "joint.batch_tokens": 32,
        "joint.device": "cpu",
        "branch_rows": 8,
        "user_quantile": 0.5,
        "item_quantile": 0.5,
    },
    "cities": {
        "rare": 3,
        "held_out": 0.3,
        "context.layers": 1,
        "context.heads": 2,
        "context.inner": 16,
        "context_train.epochs": 3,
        "context_train.batch_tokens": 4,
        "context_train.device": "cpu",
    },
}
LAST_STAGE = {"melt": "joint", "cities": "contexts"}


PLAIN = {key: value for key, value in (SMALL | TRAIN).items() if key != "hidden"}


def config_of(name: str, **keys: Any) -> Any:
    return from_dict(recipe(name).config, {**SMALL, **TRAIN, **KEYS[name], **keys})


def train(name: str, folder: Path, data: Dataset, **keys: Any) -> Scorer:
    config = config_of(name, **keys)
    seed_everything(config.seed)
    model: Scorer = recipe(name).train(Run(folder), data, make_split(data, config.split), config)
    return model.eval()


@pytest.mark.parametrize("backbone", ["sasrec", "gru4rec", "bert4rec"])
@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_built_again_from_its_sizes(name: str, backbone: str, tidy: Path, tmp_path: Path) -> None:
    data = Dataset.load(tidy)
    model = train(name, tmp_path / "run", data, backbone=backbone)
    again = recipe(name).build(config_of(name, backbone=backbone), {"num_items": data.num_items, "num_users": 0})
    state = model.state_dict()
    again.load_state_dict({key: state[key] for key in again.state_dict()})
    histories = data.sequences
    torch.testing.assert_close(again.eval().score(histories), model.score(histories))


@pytest.mark.parametrize("name", NAMES)
def test_finished_stages_are_read_and_not_run_again(name: str, tidy: Path, tmp_path: Path) -> None:
    data = Dataset.load(tidy)
    first = train(name, tmp_path, data)
    assert [path.name for path in sorted((tmp_path / "stages").iterdir())] == sorted(["pretrain", LAST_STAGE[name]])
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    second = train(name, tmp_path, data)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == written
    torch.testing.assert_close(second.score(data.sequences), first.score(data.sequences), rtol=0, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_a_finished_run_of_the_backbone_serves_as_the_first_stage(name: str, tidy: Path, tmp_path: Path) -> None:
    data = Dataset.load(tidy)
    keys = [f"{key}={value}" for key, value in PLAIN.items()]
    train_run("sasrec", tidy, tmp_path / "plain", keys)
    own = train(name, tmp_path / "own", data)
    given = train(name, tmp_path / "given", data, pretrained=str(tmp_path / "plain"))
    assert not (tmp_path / "given" / "stages" / "pretrain").exists()
    torch.testing.assert_close(given.score(data.sequences), own.score(data.sequences), rtol=0, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_of_another_network_is_refused(name: str, tidy: Path, tmp_path: Path) -> None:
    keys = [f"{key}={value}" for key, value in (PLAIN | {"dim": 4}).items()]
    train_run("sasrec", tidy, tmp_path / "plain", keys)
    with pytest.raises(ConfigError, match="the network of that run is another"):
        train(name, tmp_path / "given", Dataset.load(tidy), pretrained=str(tmp_path / "plain"))


class Killed(Exception):
    """Stands for a kill: nothing in the code catches it."""


@pytest.mark.parametrize("steps", [1, 4, 7, 9])
@pytest.mark.parametrize("name", NAMES)
def test_going_on_after_a_kill_is_bit_equal(
    name: str, steps: int, tidy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Dataset.load(tidy)
    often = {key.replace("epochs", "checkpoint_seconds"): 0 for key in (*TRAIN, *KEYS[name]) if "epochs" in key}
    whole = train(name, tmp_path / "whole", data, **often)
    original, left = loop._Loop._step, [steps]

    def step(self: Any, *arguments: Any) -> torch.Tensor:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return original(self, *arguments)

    monkeypatch.setattr(loop._Loop, "_step", step)
    with pytest.raises(Killed):
        train(name, tmp_path / "broken", data, **often)
    monkeypatch.undo()
    again = train(name, tmp_path / "broken", data, **often)
    for stage in ("pretrain", LAST_STAGE[name]):
        files = [tmp_path / run / "stages" / stage / "weights.safetensors" for run in ("whole", "broken")]
        assert file_digest(files[0]) == file_digest(files[1])
    torch.testing.assert_close(again.score(data.sequences), whole.score(data.sequences), rtol=0, atol=0)


def test_melt_knows_tail_users_and_changes_the_backbone(tidy: Path, tmp_path: Path) -> None:
    data = Dataset.load(tidy)
    model = train("melt", tmp_path, data)
    assert isinstance(model, MELT)
    lengths = leave_one_out(data.sequences).train.lengths
    assert int(model.tail.longest) == int(np.quantile(lengths, 0.5))
    plain = melt._backbone(config_of("melt"), leave_one_out(data.sequences), data.num_items)
    load_weights(tmp_path / "stages/pretrain/weights.safetensors", plain)
    assert not torch.equal(plain.items.table(), model.item_vectors())


@pytest.mark.parametrize("key", ["user_quantile", "item_quantile"])
def test_melt_needs_heads(key: str, tidy: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=key):
        train("melt", tmp_path, Dataset.load(tidy), **{key: 1.0})


def test_cities_rewrites_rare_items_only(tidy: Path, tmp_path: Path) -> None:
    data = Dataset.load(tidy)
    model = train("cities", tmp_path, data)
    split = leave_one_out(data.sequences)
    plain = recipe("cities").build(config_of("cities"), {"num_items": data.num_items})
    load_weights(tmp_path / "stages/pretrain/weights.safetensors", plain)
    same = (plain.item_vectors() == model.item_vectors()).all(1).numpy()
    counts = split.train.counts(data.num_items)
    known = surrounding_contexts(split.train, data.num_items, side=24).counts > 0
    assert same.tolist() == ((counts > 3) | ~known).tolist()
    assert 0 < same.sum() < len(same)


def test_cities_needs_frequent_items(tidy: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rare"):
        train("cities", tmp_path, Dataset.load(tidy), rare=1000)


def test_cities_needs_heads_that_divide(tidy: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"context\.heads"):
        train("cities", tmp_path, Dataset.load(tidy), **{"context.heads": 3})


@pytest.mark.parametrize("name", NAMES)
def test_presets_and_spaces_fit(name: str) -> None:
    found = recipe(name)
    assert presets_of(name)
    for preset in presets_of(name).values():
        assert from_dict(found.config, preset.values) != found.config()
    assert set(check_space(found.space, found.config, where=name)) == set(found.space)
