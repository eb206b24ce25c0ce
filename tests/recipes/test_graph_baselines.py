"""AlphaRec's baselines as recipes: trained, cut off and resumed, saved, asked from their folder, and grown."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import foretaste
from foretaste.core.artefact import Run
from foretaste.core.config import from_dict
from foretaste.core.errors import ConfigError, ForetasteError
from foretaste.data.dataset import Dataset
from foretaste.data.simulate import MarketConfig, simulate, write_market
from foretaste.data.split import leave_one_out
from foretaste.models.base import Retriever
from foretaste.recipes.presets import presets_of
from foretaste.recipes.registry import recipe
from foretaste.recipes.space import check_space
from foretaste.recipes.train import train_run
from foretaste.training import loop

TEXT: dict[str, Any] = {"text.encoder": "tfidf", "text.tfidf.dim": 16}
PAIRS: dict[str, Any] = {"dim": 8, "train.epochs": 2, "train.batch_tokens": 64}
KEYS: dict[str, dict[str, Any]] = {
    "sgl": PAIRS,
    "xsimgcl": PAIRS,
    "multvae": {"dim": 4, "hidden": "[6]", "train.epochs": 2, "train.batch_tokens": 64},
    "embknn": TEXT,
    "textvotes": TEXT,
    "kar": {**PAIRS, **TEXT, "text.reduce": 8, "expert_hidden": 4},
    "rlmrec-lightgcn": {**PAIRS, **TEXT},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("sgl", {}),
    ("sgl", {"view": "walk", "loss": "bpr"}),
    ("sgl", {"view": "nodes", "drop": 0.3}),
    ("xsimgcl", {}),
    ("xsimgcl", {"loss": "bpr", "layers": 3, "contrast_layer": 0}),
    ("multvae", {}),
    ("kar", {}),
    ("kar", {"backbone": "mf", "join": "linear"}),
    ("rlmrec-lightgcn", {}),
    ("rlmrec-lightgcn", {"align": "gen", "loss": "bpr"}),
]
COUNTED = [("embknn", {}), ("textvotes", {})]
"""Nothing of them is trained."""
TEXTUAL = ("embknn", "textvotes", "kar", "rlmrec-lightgcn")
RESUMED = [VARIANTS[number] for number in (0, 1, 3, 5, 6, 9)]
"""One for each kind of randomness: views, noise, codes, negatives alone, hidden nodes."""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated market of forty items with real words in their texts."""
    folder: Path = tmp_path_factory.mktemp("market")
    write_market(simulate(MarketConfig(users=50, items=40)), folder)
    return folder


def train(name: str, folder: Path, data: Dataset, **keys: Any) -> Any:
    config = from_dict(recipe(name).config, {key: v for key, v in {**KEYS[name], **keys}.items() if key != "hidden"})
    torch.manual_seed(config.seed)
    return recipe(name).train(Run(folder), data, leave_one_out(data.sequences), config)


@pytest.mark.parametrize("name", KEYS)
def test_it_answers_from_its_folder_alone(name: str, market: Path, tmp_path: Path) -> None:
    data = shutil.copytree(market, tmp_path / "data")
    result = train_run(name, data, tmp_path / "run", [f"{key}={value}" for key, value in KEYS[name].items()])
    assert 0 < result.valid["metrics"]["hr@20"] <= 1
    shutil.rmtree(data)
    shutil.rmtree(tmp_path / "run" / "stages")
    shop = foretaste.load(tmp_path / "run")
    assert isinstance(shop.saved.model, Retriever)
    known = list(shop.items)
    answers = shop.recommend(histories=[known[:3], known[7:8]], k=5)
    assert [len(answer) for answer in answers] == [5, 5]
    if name not in TEXTUAL:
        with pytest.raises(ForetasteError, match="only by their ids"):
            shop.add_items([{"item_id": "new", "title": "anything"}])


@pytest.mark.parametrize(("name", "keys"), [(n, k) for n, k in VARIANTS if n in TEXTUAL] + COUNTED)
def test_a_new_item_with_a_known_text_stands_beside_it(
    name: str, keys: dict[str, Any], market: Path, tmp_path: Path
) -> None:
    train_run(name, market, tmp_path / "run", [f"{key}={value}" for key, value in {**KEYS[name], **keys}.items()])
    shop = foretaste.load(tmp_path / "run")
    first = shop.saved.catalogue.row(5, named=True)
    row = {key: value for key, value in first.items() if key not in ("popularity", "item_id")}
    shop.add_items([{**row, "item_id": "new"}], neighbours=1)
    assert shop.items[len(shop.items) - 1] == "new"
    scores = shop.saved.model.score(Dataset.load(market).sequences)
    old, new = scores[:, 5], scores[:, -1]
    assert np.corrcoef(old.numpy(), new.numpy())[0, 1] > 0.9
    assert len(shop.recommend(histories=[["new"]], k=3)[0]) == 3


@pytest.mark.parametrize(("name", "keys"), RESUMED)
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
        if steps == 10:
            raise KeyboardInterrupt
        return whole_step(self, *arguments)

    monkeypatch.setattr(loop._Loop, "_step", cut_off)
    with pytest.raises(KeyboardInterrupt):
        train(name, tmp_path / "cut", data, **keys)
    torch.rand(7)
    resumed = train(name, tmp_path / "cut", data, **keys)
    assert steps > 10
    for key, tensor in straight.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[key], tensor, rtol=0, atol=0, msg=key)


@pytest.mark.parametrize(("name", "keys"), [*VARIANTS, *COUNTED])
def test_a_model_is_built_again_from_its_sizes(name: str, keys: dict[str, Any], market: Path, tmp_path: Path) -> None:
    data = Dataset.load(market)
    once = {} if (name, {}) in COUNTED else {"train.epochs": 1}
    model = train(name, tmp_path / "run", data, **keys, **once).eval()
    sizes = {"num_items": data.num_items, "num_users": data.num_users, **getattr(model, "sizes", {})}
    values = {key: value for key, value in {**KEYS[name], **keys}.items() if key != "hidden"}
    again = recipe(name).build(from_dict(recipe(name).config, values), sizes).eval()
    again.load_state_dict({key: model.state_dict()[key] for key in again.state_dict()})
    users = np.arange(data.num_users)
    for who in (None, users):
        torch.testing.assert_close(again.score(data.sequences, who), model.score(data.sequences, who))


@pytest.mark.parametrize("name", [*KEYS, "lightgcn"])
def test_presets_and_spaces_fit(name: str) -> None:
    found = recipe(name)
    for preset in presets_of(name).values():
        assert from_dict(found.config, preset.values) != found.config()
    assert set(check_space(found.space, found.config, where=name)) == set(found.space)


def test_the_layer_of_the_contrast_must_be_there(market: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="contrast_layer"):
        train("xsimgcl", tmp_path, Dataset.load(market), layers=1, contrast_layer=2)
