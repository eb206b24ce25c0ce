"""The text baselines as recipes: every backbone trains, survives saving, and answers from its folder alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import foretaste
from foretaste.core.artefact import Run
from foretaste.core.config import from_dict
from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.simulate import MarketConfig, simulate, write_market
from foretaste.data.split import leave_one_out
from foretaste.models.base import Retriever, Scorer
from foretaste.nn.text_items import TextTable
from foretaste.recipes.fdsa import attribute_values
from foretaste.recipes.llm2x import LLM2XConfig, start_vectors
from foretaste.recipes.presets import presets_of
from foretaste.recipes.registry import recipe
from foretaste.recipes.space import check_space
from foretaste.recipes.train import train_run
from foretaste.training import loop

SEQUENCE = ("llm2x", "unisrec", "fdsa", "rlmrec")
TINY: dict[str, Any] = {
    "text.encoder": "tfidf",
    "text.tfidf.dim": 24,
    "dim": 8,
    "hidden": 8,
    "max_len": 8,
    "train.epochs": 2,
    "train.batch_tokens": 128,
}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated market of forty items with real words in their texts."""
    folder: Path = tmp_path_factory.mktemp("market")
    write_market(simulate(MarketConfig(users=50, items=40)), folder)
    return folder


def keys_of(name: str, **keys: Any) -> dict[str, Any]:
    return (
        {**TINY, **keys} if name != "textknn" else {**{k: v for k, v in TINY.items() if k.startswith("text")}, **keys}
    )


def train(name: str, folder: Path, data: Dataset, **keys: Any) -> Scorer:
    config = from_dict(recipe(name).config, keys_of(name, **keys))
    torch.manual_seed(config.seed)
    model: Scorer = recipe(name).train(Run(folder), data, leave_one_out(data.sequences), config)
    return model.eval()


@pytest.mark.parametrize("backbone", ["sasrec", "gru4rec", "bert4rec"])
@pytest.mark.parametrize("name", SEQUENCE)
def test_it_trains_on_every_backbone_and_answers_from_its_folder(
    name: str, backbone: str, market: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(market, tmp_path / "data")
    overrides = [f"{key}={value}" for key, value in keys_of(name, backbone=backbone).items()]
    result = train_run(name, data, tmp_path / "run", overrides)
    assert 0 < result.valid["metrics"]["hr@20"] <= 1
    shutil.rmtree(data)
    shutil.rmtree(tmp_path / "run" / "stages")
    shop = foretaste.load(tmp_path / "run")
    histories = [list(shop.items)[:3], list(shop.items)[7:8]]
    answers = shop.recommend(histories=histories, k=5)
    assert [len(answer) for answer in answers] == [5, 5]
    assert isinstance(shop.saved.model, Retriever)


VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("llm2x", {"init": "whiten"}),
    ("llm2x", {"init": "random-projection", "rescale": False}),
    ("rlmrec", {"align": "gen"}),
    ("rlmrec", {"align": "gen-item", "init": "random"}),
    ("unisrec", {"adapter": "linear", "whiten": "zca", "score": "dot"}),
    ("unisrec", {"adapter": "linear", "whiten": "pca", "whiten_dim": 5}),
    ("unisrec", {"whiten": "zca", "whiten_dim": 5, "with_ids": True}),
    ("unisrec", {"with_ids": True, "score": "dot"}),
    ("fdsa", {"attributes": ()}),
    ("fdsa", {"attributes": ("brand", "nowhere"), "loss": "bce", "negatives": 1}),
    ("unisrec", {"loss": "bce", "negatives": 1}),
    ("llm2x", {"loss": "bce", "negatives": 1}),
    ("rlmrec", {"loss": "bce", "negatives": 1}),
    ("textknn", {}),
    ("textknn", {"aggregate": "mean"}),
    ("textknn", {"aggregate": "max"}),
    ("textknn", {"words": True}),
]


@pytest.mark.parametrize(("name", "keys"), VARIANTS)
def test_a_model_is_built_again_from_its_sizes(name: str, keys: dict[str, Any], market: Path, tmp_path: Path) -> None:
    data = Dataset.load(market)
    model = train(name, tmp_path / "run", data, **keys, **({} if name == "textknn" else {"train.epochs": 1}))
    sizes = {"num_items": data.num_items, "num_users": data.num_users, **getattr(model, "sizes", {})}
    again = recipe(name).build(from_dict(recipe(name).config, keys_of(name, **keys)), sizes).eval()
    state = model.state_dict()
    again.load_state_dict({key: state[key] for key in again.state_dict()})
    scores = model.score(data.sequences)
    torch.testing.assert_close(again.score(data.sequences), scores, equal_nan=True)
    assert float(scores.nan_to_num().std()) > 0


@pytest.mark.parametrize("name", [*SEQUENCE, "textknn"])
def test_finished_stages_are_read_and_give_the_same(name: str, market: Path, tmp_path: Path) -> None:
    data = Dataset.load(market)
    first = train(name, tmp_path / "run", data)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    second = train(name, tmp_path / "run", data)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == written
    torch.testing.assert_close(second.score(data.sequences), first.score(data.sequences))


@pytest.mark.parametrize("name", SEQUENCE)
def test_stored_texts_give_the_same_model_as_those_encoded_now(name: str, market: Path, tmp_path: Path) -> None:
    data = Dataset.load(market)
    first = train(name, tmp_path / "first", data, **{"text.store": str(tmp_path / "store")})
    second = train(name, tmp_path / "second", data, **{"text.store": str(tmp_path / "store")})
    torch.testing.assert_close(second.score(data.sequences), first.score(data.sequences), rtol=0, atol=0)


def test_frozen_text_stays_frozen(market: Path, tmp_path: Path) -> None:
    data = Dataset.load(market)
    model: Any = train("unisrec", tmp_path / "run", data)
    texts: Any = train("textknn", tmp_path / "texts", data)
    table = model.model.items
    assert isinstance(table, TextTable)
    torch.testing.assert_close(table.vectors, texts.vectors)
    assert "model.items.vectors" not in dict(model.named_parameters())


def test_start_vectors_have_the_scale_asked_for() -> None:
    vectors = torch.randn(50, 20) * 3 + 1
    for init in ("pca", "whiten", "random-projection"):
        scaled = start_vectors(vectors, LLM2XConfig(dim=8, init=init, init_std=0.05))
        assert float(scaled.std()) == pytest.approx(0.05, rel=0.02)
        kept = start_vectors(vectors, LLM2XConfig(dim=8, init=init, rescale=False))
        assert float(kept.std()) > 0.9


def test_attribute_values_are_the_loop() -> None:
    table = pl.DataFrame(
        {
            "brand": ["A", " a", None, "b", "", "B ", "lonely"],
            "categories": [["x", "y"], ["x"], None, ["x", "x", "z"], [], ["y", None], ["w"]],
        }
    )
    assert attribute_values(table, "nowhere", 1)[0] == 0
    values, held = attribute_values(table, "brand", 2)
    assert values == 2
    assert held.tolist() == [[0], [0], [-1], [1], [-1], [1], [-1]]
    values, held = attribute_values(table, "categories", 2)
    assert values == 2
    assert [sorted(v for v in row if v >= 0) for row in held.tolist()] == [[0, 1], [0], [], [0], [], [1], []]
    assert attribute_values(table, "categories", 1)[0] == 4
    assert attribute_values(table, "brand", 9)[0] == 0


def test_cold_items_are_found_by_text_alone(market: Path, tmp_path: Path) -> None:
    data = Dataset.load(market)
    cold = np.flatnonzero(leave_one_out(data.sequences).train.counts(data.num_items) == 0)
    model: Any = train("textknn", tmp_path / "run", data)
    best = model.score(data.sequences).topk(5, dim=1).indices
    assert len(cold)
    assert np.isin(best.numpy(), cold).any()


def test_words_and_max_do_not_go_together(market: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="words=true"):
        train("textknn", tmp_path, Dataset.load(market), words=True, aggregate="max")


@pytest.mark.parametrize("name", [*SEQUENCE, "textknn"])
def test_presets_and_spaces_fit(name: str) -> None:
    found = recipe(name)
    for preset in presets_of(name).values():
        assert from_dict(found.config, preset.values) != found.config()
    assert set(check_space(found.space, found.config, where=name)) == set(found.space)


@pytest.mark.parametrize(
    ("name", "keys"),
    [("unisrec", {"with_ids": True}), ("fdsa", {}), ("rlmrec", {"align": "gen"}), ("llm2x", {"backbone": "bert4rec"})],
)
def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(
    name: str, keys: dict[str, Any], market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Dataset.load(market)
    keys = {**keys, "train.epochs": 3, "train.checkpoint_seconds": 0.0}
    straight = train(name, tmp_path / "straight", data, **keys)
    steps = 0
    whole_step = loop._Loop._step

    def cut_off(self: Any, *arguments: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 5:
            raise KeyboardInterrupt
        return whole_step(self, *arguments)

    monkeypatch.setattr(loop._Loop, "_step", cut_off)
    with pytest.raises(KeyboardInterrupt):
        train(name, tmp_path / "cut", data, **keys)
    resumed = train(name, tmp_path / "cut", data, **keys)
    assert steps > 5
    for key, tensor in straight.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[key], tensor, rtol=0, atol=0, msg=key)
