"""LLM-ESR from raw data to a saved model that answers alone, through every stage and every switch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foretaste
from foretaste.core.config import configure
from foretaste.core.errors import ConfigError
from foretaste.recipes.llmesr import LLMESRRecipeConfig
from foretaste.recipes.presets import presets_of
from foretaste.recipes.saved import load_model
from foretaste.recipes.splitting import make_split, open_dataset
from foretaste.recipes.train import train_run
from foretaste.text.store import EmbeddingStore

SMALL = [
    "dim=8", "inner=8", "hidden=8", "layers=1", "neighbours=3", "train.epochs=2", "train.batch_tokens=64",
    "text.encoder=tfidf", "text.tfidf.dim=8", "text.tfidf.min_count=1", "text.tfidf.max_share=1",
]  # fmt: skip


def _train(tidy: Path, out: Path, *overrides: str) -> Any:
    return train_run("llmesr", tidy, out, [*SMALL, *overrides])


def _stages(run: Path) -> list[str]:
    return sorted(folder.name for folder in (run / "stages").iterdir())


@pytest.mark.parametrize("backbone", ["sasrec", "gru4rec", "bert4rec"])
def test_from_raw_data_to_answers(tidy: Path, tmp_path: Path, backbone: str) -> None:
    run = tmp_path / "run"
    _train(tidy, run, f"backbone={backbone}")
    assert _stages(run) == ["embed", "embed-users", "fit", "neighbours", "serving"]
    recommender = foretaste.load(run)
    first, second = recommender.recommend(histories=[["i3", "i4", "i5"], ["i9"]], k=4)
    assert len(first) == len(second) == 4
    saved = load_model(run / "model")
    assert saved.model.item_vectors().shape == (18, 16)
    assert len(recommender.similar("i3", k=5)) == 5


def test_neighbours_are_others_with_training_items(tidy: Path, tmp_path: Path) -> None:
    _train(tidy, tmp_path / "run")
    near = np.load(tmp_path / "run" / "stages" / "neighbours" / "neighbours.npy")
    data = open_dataset(tidy)
    lengths = make_split(data, "leave-one-out").train.lengths
    assert near.shape == (data.num_users, 3)
    assert not (near == np.arange(data.num_users)[:, None]).any()
    assert (lengths[near] > 0).all()


def test_the_saved_model_holds_the_frozen_text_and_no_training_part(tidy: Path, tmp_path: Path) -> None:
    _train(tidy, tmp_path / "run")
    state = load_model(tmp_path / "run" / "model").model.state_dict()
    (store,) = (tmp_path / "run" / "stages" / "embed").glob("tiny-items-*")
    encoded = EmbeddingStore(store).vectors([f"i{i}" for i in range(18)])
    rows = [load_model(tmp_path / "run" / "model").items.index_of(f"i{i}") for i in range(18)]
    np.testing.assert_array_equal(state["network.items.views.1.vectors"][rows].numpy(), encoded)
    assert not [name for name in state if "bank" in name or "histories" in name]


@pytest.mark.parametrize(
    ("overrides", "stages"),
    [
        (["se_view=false", "distill_weight=0"], ["fit"]),
        (["co_view=false"], ["embed", "embed-users", "fit", "neighbours", "serving"]),
        (["distill_weight=0", "tune_serving=false"], ["embed", "fit"]),
        (["shared=false", "teacher=online", "teacher_dropout=false"], None),
        (["cross_attention=false", "init=random", "item_reg=0.1", "distill=soft-clip"], None),
        (["adapter_layers=1", "adapter_activation=gelu", "init=pca", "item_reg=0.1", "item_reg_loss=soft-clip"], None),
        (["loss=bce", "negatives=1", "scale=true", "standard=none", "cross_residual=true"], None),
    ],
)
def test_every_ablation_is_a_switch(tidy: Path, tmp_path: Path, overrides: list[str], stages: list[str] | None) -> None:
    result = _train(tidy, tmp_path / "run", "train.epochs=1", *overrides)
    assert result.test["metrics"]["ndcg@10"] > 0
    assert stages is None or _stages(tmp_path / "run") == stages
    assert foretaste.load(tmp_path / "run").recommend(histories=[["i1"]], k=3)


def test_views_agree_only_where_there_are_two(tidy: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="compares two views"):
        _train(tidy, tmp_path / "run", "co_view=false", "item_reg=0.1")


def test_new_items_enter_by_their_text(tidy: Path, tmp_path: Path) -> None:
    _train(tidy, tmp_path / "run", "tune_serving=false", "content_weight=1", "router_alpha=0.5", "router_below=3")
    recommender = foretaste.load(tmp_path / "run")
    before = [one.item_id for one in recommender.recommend(histories=[["i3", "i4"]], k=18)[0]]
    recommender.add_items([{"item_id": "new", "title": "Item number 5", "brand": "b"}])
    after = [one.item_id for one in recommender.recommend(histories=[["i3", "i4"]], k=19)[0]]
    assert [item for item in after if item != "new"] == before
    assert "new" in after


def test_serving_terms_chosen_after_training_are_saved_and_measured(tidy: Path, tmp_path: Path) -> None:
    plain = _train(tidy, tmp_path / "plain", "tune_serving=false")
    tuned = _train(tidy, tmp_path / "tuned")
    choice = json.loads((tmp_path / "tuned" / "stages" / "serving" / "serving.json").read_text())
    model = load_model(tmp_path / "tuned" / "model").model
    assert model.serving.content_weight == choice["chosen"]["content_weight"]  # type: ignore[union-attr]
    best = max(one["ndcg@10"] for one in choice["tried"])
    chosen = next(one for one in choice["tried"] if choice["chosen"].items() <= one.items())
    assert tuned.valid["metrics"]["ndcg@10"] == pytest.approx(chosen["ndcg@10"])
    assert chosen["ndcg@10"] >= 0.98 * best
    assert choice["tried"][0]["ndcg@10"] == pytest.approx(plain.valid["metrics"]["ndcg@10"])


@pytest.mark.parametrize("name", sorted(presets_of("llmesr")))
def test_presets_are_configs(name: str) -> None:
    configure(LLMESRRecipeConfig, preset=presets_of("llmesr")[name].values)
