"""SAID and TSLRec as recipes: stages, going on after a kill, vectors that other runs take over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import foretaste
from foretaste.core.artefact import Run
from foretaste.core.config import from_dict
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.files import file_digest
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.models.base import Scorer
from foretaste.recipes.id_reading import IdTexts
from foretaste.recipes.item_vectors import VECTORS, read_vectors
from foretaste.recipes.registry import recipe
from foretaste.recipes.said import item_texts
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.splitting import make_split
from foretaste.recipes.train import train_run
from foretaste.text.encoders.loading import load_language_model
from foretaste.training import loop
from texts_fakes import write_shop
from tiny_models import tiny_bert

pytest.importorskip("peft")
SMALL = {"dim": 8, "hidden": 8, "inner": 8, "heads": 1, "layers": 1, "max_len": 6, "dropout": 0.2}
LOOP = {"epochs": 2, "batch_tokens": 96, "device": "cpu", "checkpoint_seconds": 0}
KEYS: dict[str, dict[str, Any]] = {
    "said": {
        "said.width": 4,
        "said.max_tokens": 24,
        "said.corpus.layers": 1,
        "said.corpus.width": 16,
        "said.corpus.heads": 2,
        "said.corpus.inner": 16,
        "said.corpus.vocabulary": 320,
        **{f"said.corpus.train.{key}": value for key, value in {**LOOP, "batch_tokens": 256}.items()},
        **{f"said.train.{key}": value for key, value in {**LOOP, "batch_tokens": 256}.items()},
    },
    "tslrec": {
        "tslrec.categories": 3,
        "tslrec.max_tokens": 32,
        "tslrec.lora_rank": 2,
        **{f"tslrec.train.{key}": value for key, value in {**LOOP, "batch_tokens": 256}.items()},
    },
}
STAGES = {"said": ("align", "fit", "language-model"), "tslrec": ("collaborative", "embed", "fit", "preferences", "sft")}
HOLDS = {"said": "align", "tslrec": "embed"}
TRAINED = {"said": ("language-model", "align", "fit"), "tslrec": ("collaborative", "sft", "fit")}
NAMES = tuple(KEYS)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return tiny_bert(tmp_path / "bert", [f"item {n}, item {n + 1}" for n in range(48)])


def config_of(name: str, encoder: Path, **keys: Any) -> Any:
    values = {**SMALL, **{f"train.{key}": value for key, value in LOOP.items()}, **KEYS[name]}
    given = {"tslrec.encoder": str(encoder)} if name == "tslrec" else {}
    return from_dict(recipe(name).config, {**values, **given, **{k.replace("__", "."): v for k, v in keys.items()}})


def train(name: str, folder: Path, shop: Path, encoder: Path, **keys: Any) -> Scorer:
    data, config = Dataset.load(shop), config_of(name, encoder, **keys)
    seed_everything(config.seed)
    model: Scorer = recipe(name).train(Run(folder), data, make_split(data, config.split), config)
    return model.eval()


def files_of(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_stages_are_run_once(name: str, shop: Path, encoder: Path, tmp_path: Path) -> None:
    run, data = tmp_path / "run", Dataset.load(shop)
    first = train(name, run, shop, encoder)
    assert tuple(sorted(path.name for path in (run / "stages").iterdir())) == STAGES[name]
    written = files_of(run)
    second = train(name, run, shop, encoder)
    assert files_of(run) == written
    torch.testing.assert_close(second.score(data.sequences), first.score(data.sequences), rtol=0, atol=0)


class Killed(BaseException):
    """Stands for a kill: nothing in the code catches it."""


@pytest.mark.parametrize("steps", [1, 7, 15])
@pytest.mark.parametrize("name", NAMES)
def test_going_on_after_a_kill_is_bit_equal(
    name: str, steps: int, shop: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(name, tmp_path / "whole", shop, encoder)
    original, left = loop._Loop._step, [steps]

    def step(self: Any, *arguments: Any) -> torch.Tensor:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return original(self, *arguments)

    monkeypatch.setattr(loop._Loop, "_step", step)
    with pytest.raises(Killed):
        train(name, tmp_path / "broken", shop, encoder)
    monkeypatch.undo()
    again = train(name, tmp_path / "broken", shop, encoder)
    for stage in TRAINED[name]:
        one, two = (tmp_path / run / "stages" / stage / "weights.safetensors" for run in ("whole", "broken"))
        assert file_digest(one) == file_digest(two), stage
    one, two = (tmp_path / run / "stages" / HOLDS[name] / VECTORS for run in ("whole", "broken"))
    data = Dataset.load(shop)
    assert torch.equal(read_vectors(one.parent, data), read_vectors(two.parent, data))
    histories = data.sequences
    torch.testing.assert_close(again.score(histories), whole.score(histories), rtol=0, atol=0)


@pytest.mark.parametrize(("frozen", "backbone"), [(False, "gru4rec"), (True, "bert4rec")])
@pytest.mark.parametrize("name", NAMES)
def test_another_run_takes_the_vectors_over(
    name: str, frozen: bool, backbone: str, shop: Path, encoder: Path, tmp_path: Path
) -> None:
    train(name, tmp_path / "one", shop, encoder)
    keys = {f"{name}__vectors": str(tmp_path / "one"), "backbone": backbone, "seed": 5, "frozen": frozen}
    model = train(name, tmp_path / "two", shop, encoder, **keys)
    stages = tmp_path / "two" / "stages"
    assert {path.name for path in stages.iterdir()} == {HOLDS[name], "fit"}
    data = Dataset.load(shop)
    one, two = (read_vectors(tmp_path / run / "stages" / HOLDS[name], data) for run in ("one", "two"))
    assert torch.equal(one, two)
    again = recipe(name).build(config_of(name, encoder, **keys), {"num_items": data.num_items, "num_users": 0})
    state = model.state_dict()
    again.load_state_dict({key: state[key] for key in again.state_dict()})
    torch.testing.assert_close(again.eval().score(data.sequences), model.score(data.sequences))


@pytest.mark.parametrize("name", NAMES)
def test_frozen_vectors_stay_and_are_folded_afterwards(name: str, shop: Path, encoder: Path, tmp_path: Path) -> None:
    model: Any = train(name, tmp_path / "run", shop, encoder, frozen=True)
    vectors = read_vectors(tmp_path / "run" / "stages" / HOLDS[name], Dataset.load(shop)).double()
    table = model.item_vectors().double()
    ones = torch.ones(len(table), 1, dtype=torch.float64)
    given = torch.cat([vectors, ones], 1)
    fitted = given @ torch.linalg.lstsq(given, table, driver="gelsd").solution
    torch.testing.assert_close(fitted, table, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_strange_vectors_are_refused(name: str, shop: Path, encoder: Path, tmp_path: Path) -> None:
    train(name, tmp_path / "one", shop, encoder)
    given = {f"{name}__vectors": str(tmp_path / "one")}
    changed = {"said": {"said__width": 5}, "tslrec": {"tslrec__categories": 4}}[name]
    with pytest.raises(ConfigError, match="this run asks for"):
        train(name, tmp_path / "two", shop, encoder, **given, **changed)
    other = write_shop(tmp_path / "other", users=40, without=("k3",), seed=1)
    with pytest.raises(ArtefactError, match="other items, texts or interactions"):
        train(name, tmp_path / "three", other, encoder, **given)
    with pytest.raises(ConfigError, match="no finished item vectors"):
        train(name, tmp_path / "four", shop, encoder, **{f"{name}__vectors": str(tmp_path / "nowhere")})
    stage = tmp_path / "one" / "stages" / HOLDS[name]
    about = json.loads((stage / "about.json").read_text())
    (stage / "about.json").write_text(json.dumps({**about, "made_of": "something else"}))
    with pytest.raises(ArtefactError, match="damaged"):
        train(name, tmp_path / "five", shop, encoder, **given)


def test_vectors_of_one_method_are_no_vectors_of_the_other(shop: Path, encoder: Path, tmp_path: Path) -> None:
    train("said", tmp_path / "said", shop, encoder)
    stage = tmp_path / "said" / "stages" / "align"
    with pytest.raises(ConfigError, match="made by said, not by tslrec"):
        train("tslrec", tmp_path / "two", shop, encoder, tslrec__vectors=str(stage))


def test_said_is_told_no_interaction(shop: Path, encoder: Path, tmp_path: Path) -> None:
    """Vectors are those of the texts alone: another history of the same catalogue gives the same."""
    other = write_shop(tmp_path / "other", users=30, seed=7)
    vectors = []
    for place, folder in enumerate((shop, other)):
        train("said", tmp_path / f"run{place}", folder, encoder)
        vectors.append(read_vectors(tmp_path / f"run{place}" / "stages" / "align", Dataset.load(folder)))
    assert torch.equal(*vectors)
    assert "instruction" not in item_texts(Dataset.load(shop), "")[0]
    assert "red pan for the kitchen" in item_texts(Dataset.load(shop), "")[0]


def test_tslrec_never_sees_targets_or_texts(shop: Path, encoder: Path, tmp_path: Path) -> None:
    """Other validation and test targets, and other titles, change nothing that is learnt of the ids."""
    data = Dataset.load(shop)
    config = config_of("tslrec", encoder)
    split = leave_one_out(data.sequences)
    found = []
    for place in range(2):
        items = data.sequences.items.copy()
        if place:
            targets = data.sequences.starts[split.test.users] + split.test.places
            items[targets] = (items[targets] + 1) % data.num_items
        changed = leave_one_out(type(data.sequences)(items, data.sequences.starts, data.sequences.lengths))
        fixed = type(changed)(changed.train, split.valid, changed.test, changed.protocol)
        seed_everything(0)
        recipe("tslrec").train(Run(tmp_path / str(place)), data, fixed, config)
        found.append(read_vectors(tmp_path / str(place) / "stages" / "embed", data))
    assert torch.equal(*found)


def test_numbers_tell_nothing_of_the_catalogue_s_order(encoder: Path) -> None:
    names = IdTexts(load_language_model(encoder), 1000, 32).names
    again = IdTexts(load_language_model(encoder), 1000, 32).names
    numbers = [int(name.removeprefix("item ")) for name in names]
    assert names == again
    assert sorted(numbers) == list(range(1000))
    assert abs(np.corrcoef(numbers, np.arange(1000))[0, 1]) < 0.1


def test_collaborative_vectors_of_a_finished_run(shop: Path, encoder: Path, tmp_path: Path) -> None:
    train_run("sasrec", shop, tmp_path / "sasrec", ["dim=8", "inner=8", "train.epochs=1"])
    train("tslrec", tmp_path / "run", shop, encoder, collaborative=str(tmp_path / "sasrec"))
    assert not (tmp_path / "run" / "stages" / "collaborative").exists()
    other = write_shop(tmp_path / "other", users=40, seed=3)
    with pytest.raises(ArtefactError, match="other data or another split"):
        train("tslrec", tmp_path / "two", other, encoder, collaborative=str(tmp_path / "sasrec"))


def test_too_many_categories_are_refused(shop: Path, encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="categories=500"):
        train("tslrec", tmp_path / "run", shop, encoder, tslrec__categories=500)


def test_another_language_model_is_noticed(
    shop: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise Killed

    monkeypatch.setattr("foretaste.recipes.id_reading.fit", stop)
    with pytest.raises(Killed):
        train("tslrec", tmp_path / "run", shop, encoder)
    monkeypatch.undo()
    tiny_bert(encoder, [f"item {n}, item {n + 1}" for n in range(48)], seed=1)
    with pytest.raises(ArtefactError, match="not the one that this stage began with"):
        train("tslrec", tmp_path / "run", shop, encoder)


CHILD = """
import sys
from foretaste.recipes.train import train_run
train_run("said", sys.argv[1], sys.argv[2], sys.argv[3:])
"""


@pytest.mark.slow
def test_sigkill_inside_the_alignment(shop: Path, encoder: Path, tmp_path: Path) -> None:
    keys = {**SMALL, **{f"train.{key}": value for key, value in LOOP.items()}, **KEYS["said"], "said.train.epochs": 40}
    texts = [f"{key}={value}" for key, value in keys.items()]

    def start(name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", CHILD, str(shop), str(tmp_path / name), *texts]
        return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)

    broken = tmp_path / "broken" / "stages" / "align"
    process = start("broken")
    while process.poll() is None and not (broken / "checkpoint.safetensors").is_file():
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (broken / "manifest.json").is_file()
    assert start("broken").wait(300) == 0
    assert start("whole").wait(300) == 0
    one, two = (tmp_path / run for run in ("broken", "whole"))
    for stage in TRAINED["said"]:
        weights = [run / "stages" / stage / "weights.safetensors" for run in (one, two)]
        assert file_digest(weights[0]) == file_digest(weights[1]), stage
    per_user = [(run / "per_user.parquet").read_bytes() for run in (one, two)]
    assert per_user[0] == per_user[1]
    answer = foretaste.load(str(one)).recommend(histories=[["k0", "k1"]], k=3)[0]
    assert len(answer) == 3
