"""SCFT as a stage and by itself: resumed bit by bit, kept as a folder that opens, and reported."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from foretaste.cli.main import run as command
from foretaste.core.artefact import Run
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.files import file_digest
from foretaste.data.dataset import Dataset
from foretaste.recipes import scft as stage
from foretaste.recipes.scft import ADAPTER, REPORT, TRAINING
from foretaste.recipes.scft_config import SCFTConfig
from foretaste.recipes.texts import TextConfig, prompt_spec
from foretaste.recipes.tuning import TuneConfig, tune_alone, tune_encoder
from foretaste.text.encoders.opening import open_encoder
from foretaste.text.prompts.items import item_prompts
from foretaste.training.log import read_log
from foretaste.training.views import ViewBatches
from tiny_models import tiny_bert

WORDS = ["red", "blue", "green", "cup", "plate", "spoon", "tea", "milk", "oat", "rice", "big", "small", "set", "pack"]
KEYS = ["scft.batch=8", "scft.epochs=2", "scft.heldout=0.2", "scft.lr=0.02", "scft.warmup_steps=0"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of 40 items with a title, a brand and a colour; one title stands twice."""
    folder, rng = tmp_path_factory.mktemp("shop"), np.random.default_rng(0)
    titles = [" ".join(rng.choice(WORDS, 4, replace=False)) for _ in range(39)]
    items = [f"i{i}" for i in range(40)]
    brands, colors = (rng.choice(names, 40).tolist() for names in (["Acme", "Bolt", "Crux"], ["red", "blue"]))
    table = {"item_id": items, "title": [*titles, titles[0]], "brand": brands, "color": colors}
    pl.DataFrame(table).write_parquet(folder / "items.parquet")
    log = {"user_id": [f"u{i % 4}" for i in range(40)], "item_id": items, "timestamp": list(range(40))}
    pl.DataFrame(log).write_parquet(folder / "interactions.parquet")
    (folder / "meta.json").write_text(json.dumps({"name": "shop", "timestamp": "order"}))
    return folder


@pytest.fixture(scope="module")
def model(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = Dataset.load(shop)
    texts = item_prompts(data.catalogue, prompt_spec(data, TextConfig())).texts()
    return tiny_bert(tmp_path_factory.mktemp("bert"), texts)


@pytest.fixture(scope="module")
def tuned(shop: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "tuned"
    tune_alone(shop, out, [*KEYS, f"text.encoder={model}"])
    return out


def _use(shop: Path, out: Path, text: TextConfig, **scft: Any) -> Any:
    return tune_encoder(Run(out), Dataset.load(shop), text, SCFTConfig(**scft), 0)


def test_the_folder_holds_model_adapter_and_report(tuned: Path) -> None:
    report = json.loads((tuned / REPORT).read_text())
    assert report["steps"] == 2 * 4
    assert (report["items"], report["heldout"]) == (32, 8)
    assert report["steps_per_second"] > 0
    assert report["peak_memory_mb"] > 0
    assert 0 <= report["before"]["r@1"] <= 1
    assert -1 <= report["after"]["cosine"] != report["before"]["cosine"] <= 1
    lines = read_log(tuned / TRAINING)
    assert report["after"] == lines[report["best_epoch"]]["valid"]
    assert (tuned / ADAPTER / "adapter_model.safetensors").stat().st_size < 40_000
    assert (tuned / TRAINING / "checkpoint.safetensors").stat().st_size < 100_000


def test_the_folder_opens_as_an_encoder_and_the_adapter_on_the_old_model_says_the_same(
    shop: Path, model: Path, tuned: Path, tmp_path: Path
) -> None:
    from peft import PeftModel

    texts = ["title is red cup; brand is Acme", "title is tea"]
    config = TextConfig(encoder=str(model))
    old = open_encoder(config)
    assert _use(shop, tmp_path, config, enabled=False) is None
    new = _use(shop, tmp_path, config, tuned=str(tuned))
    found = new.encode(texts)
    assert np.abs(found - old.encode(texts)).max() > 1e-3
    assert new.name == f"{model.name}+SCFT"
    old.language_model = replace(  # type: ignore[attr-defined]
        old.language_model,  # type: ignore[attr-defined]
        model=PeftModel.from_pretrained(old.language_model.model, str(tuned / ADAPTER)),  # type: ignore[attr-defined]
    )
    old._states = old._forward  # type: ignore[attr-defined]
    np.testing.assert_allclose(old.encode(texts), found, atol=1e-4)


def test_a_finished_tuning_is_not_begun_again(shop: Path, model: Path, tuned: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in tuned.rglob("*") if file.is_file() and file.name != ".lock"}
    tune_alone(shop, tuned, [*KEYS, f"text.encoder={model}"])
    assert all(file.stat().st_mtime_ns == when for file, when in before.items())
    with pytest.raises(ArtefactError, match="another config"):
        tune_alone(shop, tuned, [*KEYS, f"text.encoder={model}", "scft.drop=0.2"])


@pytest.mark.parametrize("stop_at", [2, 6])
def test_a_tuning_that_was_stopped_ends_with_the_same_bits(
    shop: Path, model: Path, tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    out, real, calls = tmp_path / "broken", ViewBatches.batch, []
    keys = stage._loop_keys
    monkeypatch.setattr(stage, "_loop_keys", lambda *a: replace(keys(*a), checkpoint_seconds=0.0))

    def failing(self: ViewBatches, block: Any) -> Any:
        calls.append(block)
        if len(calls) == stop_at:
            raise KeyboardInterrupt
        return real(self, block)

    monkeypatch.setattr(ViewBatches, "batch", failing)
    with pytest.raises(KeyboardInterrupt):
        tune_alone(shop, out, [*KEYS, f"text.encoder={model}"])
    torch.rand(7)
    report = tune_alone(shop, out, [*KEYS, f"text.encoder={model}"])
    assert len(calls) == 9
    for name in ("model.safetensors", f"{ADAPTER}/adapter_model.safetensors"):
        assert file_digest(out / name) == file_digest(tuned / name)
    assert (report["before"], report["after"]) == tuple(
        json.loads((tuned / REPORT).read_text())[k] for k in report if k in ("before", "after")
    )


def test_a_stage_of_a_run_can_be_used_by_another_run(shop: Path, model: Path, tmp_path: Path) -> None:
    text = TextConfig(encoder=str(model))
    keys = {"batch": 16, "epochs": 1, "heldout": 0.2}
    first = _use(shop, tmp_path / "a", text, **keys)
    again = _use(shop, tmp_path / "a", text, **keys)
    other = _use(shop, tmp_path / "b", text, tuned=str(tmp_path / "a"))
    assert first.fingerprint == again.fingerprint == other.fingerprint
    assert not (tmp_path / "b").exists()


def test_what_cannot_be_tuned_is_refused(shop: Path, model: Path, tmp_path: Path) -> None:
    for encoder in ("tfidf", "openai:x", "a.npy"):
        with pytest.raises(ConfigError, match="cannot be tuned"):
            _use(shop, tmp_path, TextConfig(encoder=encoder))
    with pytest.raises(ConfigError, match="holds no tuned encoder"):
        _use(shop, tmp_path, TextConfig(), tuned=str(model))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep me")
    with pytest.raises(ArtefactError, match="not empty"):
        tune_alone(shop, tmp_path / "full", [])
    with pytest.raises(ConfigError, match="nothing to tune"):
        tune_alone(shop, tmp_path / "new", ["scft.enabled=false"])


def test_the_verb(shop: Path, model: Path, tuned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["text", "tune", "--data", str(shop), "--out", str(tuned), *KEYS, f"text.encoder={model}"]
    assert command([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["heldout"] == 8
    assert command(arguments) == 0
    assert "two-view R@1" in capsys.readouterr().out


def test_the_keys_of_the_verb_are_those_of_the_recipe() -> None:
    assert TuneConfig().scft == SCFTConfig()
