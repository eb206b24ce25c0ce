"""LLMEmb from raw data to a saved model: stages, ablations, backbones, and what it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from fakes import write_tidy
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.sequences import Sequences
from foretaste.data.split import leave_one_out
from foretaste.recipes import llmemb
from foretaste.recipes.exporting import export_run
from foretaste.recipes.run_folder import MODEL
from foretaste.recipes.saved import load_model
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.texts import prompt_spec
from foretaste.recipes.train import resume_run, train_run
from foretaste.recipes.tuning import tune_alone
from foretaste.serving.recommender import load
from foretaste.text.encoders.ready import open_ready
from foretaste.text.prompts.items import item_prompts
from foretaste.training.loop import fit
from tiny_models import WIDTH, tiny_bert

SMALL = ["dim=8", "inner=8", "hidden=8", "max_len=8", "train.epochs=2", "train.batch_tokens=64", "scft.batch=8"]
SMALL += ["scft.epochs=1", "spread=standardise", "tune_serving=false"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_tidy(tmp_path_factory.mktemp("shop") / "tiny", users=40)
    items = pl.read_parquet(folder / "items.parquet").with_columns(pl.col("title").fill_null("Item without a number"))
    items.write_parquet(folder / "items.parquet")
    return folder


@pytest.fixture(scope="module")
def keys(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What all runs share: a tiny language model, tuned once, and a store of vectors."""
    data, root = Dataset.load(shop), tmp_path_factory.mktemp("text")
    texts = item_prompts(data.catalogue, prompt_spec(data, TextConfig())).texts()
    tiny_bert(root / "bert", texts)
    own = [f"text.encoder={root / 'bert'}"]
    tune_alone(shop, root / "tuned", [*own, "scft.batch=8", "scft.epochs=1"])
    return [*SMALL, *own, f"text.store={root / 'store'}", f"scft.tuned={root / 'tuned'}"]


@pytest.fixture(scope="module")
def run(shop: Path, keys: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with all its stages its own."""
    out = tmp_path_factory.mktemp("runs") / "llmemb"
    left_out = ("scft.tuned", "text.store", "tune_serving")
    train_run("llmemb", shop, out, [key for key in keys if not key.startswith(left_out)])
    return out


def _table(run: Path) -> torch.Tensor:
    return load_model(run / MODEL).model.state_dict()["network.items.vectors"]


def test_every_stage_is_there_and_the_folder_answers_alone(run: Path) -> None:
    assert {f.name for f in (run / "stages").iterdir()} == {"scft", "embed", "collaborative", "adapt", "serving"}
    found = load(run).recommend(histories=[["i1", "i2"]], k=5)[0]
    assert len(found) == 5


def test_the_frozen_table_is_what_the_encoder_said(run: Path, shop: Path) -> None:
    saved = load_model(run / MODEL)
    text = json.loads((run / MODEL / "text" / "text.json").read_text())
    assert text["encoder"]["name"] == "bert+SCFT"
    table = _table(run)
    assert table.shape == (18, 3 * WIDTH)
    assert float(table.mean(0).abs().max()) < 1e-5
    assert float(table.std()) == pytest.approx(1.0, rel=1e-2)
    assert torch.equal(saved.model.item_vectors(), saved.model.network.items.adapter(table))  # type: ignore[union-attr, operator]


def test_the_exported_table_scores_like_the_network(run: Path, shop: Path, tmp_path: Path) -> None:
    export_run(run, tmp_path / "items.npy")
    saved = load_model(run / MODEL)
    histories = Sequences.from_lists([[1, 2, 3], [4]])
    vectors = open_ready(tmp_path / "items.npy").rows(list(saved.items))
    with torch.no_grad():
        wanted = saved.model.network.score(histories)  # type: ignore[union-attr, operator]
        found = saved.model.user_vectors(histories) @ torch.from_numpy(vectors).T  # type: ignore[operator]
    torch.testing.assert_close(found, wanted)


def test_items_that_come_later_go_through_the_same_encoder_and_maps(run: Path) -> None:
    recommender = load(run)
    known = recommender.saved.catalogue.row(3, named=True)
    recommender.add_items([{"item_id": "new", "title": known["title"], "brand": known["brand"]}])
    table = recommender.saved.model.state_dict()["network.items.vectors"]
    torch.testing.assert_close(table[-1], table[3], atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("kind", ["sasrec", "gru4rec", "bert4rec"])
def test_every_backbone_on_the_vectors_of_another_run(
    shop: Path, keys: list[str], run: Path, tmp_path: Path, kind: str
) -> None:
    plain = tmp_path / "plain"
    train_run("sasrec", shop, plain, ["dim=8", "inner=8", "train.epochs=1"])
    found = train_run("llmemb", shop, tmp_path / "run", [*keys, f"backbone={kind}", f"collaborative={plain}"])
    assert {f.name for f in (tmp_path / "run" / "stages").iterdir()} == {"embed", "adapt"}
    assert found.test["metrics"]["ndcg@10"] > 0
    torch.testing.assert_close(_table(tmp_path / "run"), _table(run), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("changed", "stages"),
    [
        (["scft.enabled=false"], {"embed", "collaborative", "adapt"}),
        (["align_weight=0"], {"embed", "adapt"}),
        (["adapter=pca", "align=soft-clip", "align_temperature=2"], {"embed", "collaborative", "adapt"}),
        (["frozen=false", "align_weight=0", "loss=bce", "negatives=1"], {"embed", "adapt"}),
    ],
)
def test_the_ablations(shop: Path, keys: list[str], run: Path, tmp_path: Path, changed: Any, stages: Any) -> None:
    out = tmp_path / "run"
    train_run("llmemb", shop, out, [*keys, *changed])
    assert {f.name for f in (out / "stages").iterdir()} == stages
    table, full = _table(out), _table(run)
    if "adapter=pca" in changed:
        assert table.shape == (18, 8)
        torch.testing.assert_close(load_model(out / MODEL).model.item_vectors(), table)
    else:
        same = torch.allclose(table, full, atol=1e-4)
        assert same == (changed == ["align_weight=0"])


def test_an_encoder_without_a_language_model_serves_without_scft(shop: Path, tmp_path: Path) -> None:
    keys = [*SMALL, "text.encoder=tfidf", "text.tfidf.dim=6", "text.tfidf.max_share=1", "scft.enabled=false"]
    assert train_run("llmemb", shop, tmp_path / "run", keys).test["metrics"]["ndcg@10"] > 0


def test_a_run_that_was_stopped_between_and_inside_stages_ends_with_the_same_bits(
    shop: Path, keys: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train_run("llmemb", shop, tmp_path / "whole", keys)
    calls: list[str] = []

    def failing(*args: Any, folder: Path, validate: Any, **more: Any) -> Any:
        def checked() -> Any:
            calls.append(folder.name)
            if len(calls) in (2, 5):
                raise KeyboardInterrupt
            return validate()

        return fit(*args, folder=folder, validate=checked, **more)

    monkeypatch.setattr("foretaste.recipes.fitting.fit", failing)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train_run("llmemb", shop, tmp_path / "broken", keys)
        torch.rand(5)
    broken = resume_run(tmp_path / "broken")
    assert broken.test["metrics"] == whole.test["metrics"]
    first, second = (load_model(tmp_path / name / MODEL).model.state_dict() for name in ("whole", "broken"))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_collaborative_runs_that_do_not_fit_are_refused(shop: Path, keys: list[str], tmp_path: Path) -> None:
    train_run("sasrec", shop, tmp_path / "wide", ["dim=4", "train.epochs=1"])
    with pytest.raises(ConfigError, match="4 columns"):
        train_run("llmemb", shop, tmp_path / "a", [*keys, f"collaborative={tmp_path / 'wide'}"])
    train_run("itemknn", shop, tmp_path / "counted", [])
    with pytest.raises(ConfigError, match="no item vectors"):
        train_run("llmemb", shop, tmp_path / "b", [*keys, f"collaborative={tmp_path / 'counted'}"])
    other = write_tidy(tmp_path / "other", users=41)
    train_run("sasrec", other, tmp_path / "strange", ["dim=8", "train.epochs=1"])
    with pytest.raises(ArtefactError, match="other data"):
        train_run("llmemb", shop, tmp_path / "c", [*keys, f"collaborative={tmp_path / 'strange'}"])


def test_items_of_no_training_sequence_are_not_aligned(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Dataset.load(shop)
    split = leave_one_out(data.sequences)
    counts = split.train.counts(data.num_items).copy()
    monkeypatch.setattr(Sequences, "counts", lambda self, n: np.where(np.arange(n) == 2, 0, counts))
    monkeypatch.setattr(llmemb, "collaborative_vectors", lambda *a, **k: torch.zeros(data.num_items, 8))
    term = llmemb._alignment(None, data, split, llmemb.LLMEmbRecipeConfig())  # type: ignore[arg-type]
    assert term.trained.tolist() == [i != 2 and bool(counts[i]) for i in range(data.num_items)]
