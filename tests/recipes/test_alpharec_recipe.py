"""AlphaRec as a recipe: from a folder to recommendations, with every ablation, and new items by text alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import foretaste
from foretaste.core.errors import ConfigError
from foretaste.recipes.presets import presets_of
from foretaste.recipes.registry import recipe
from foretaste.recipes.saved import load_model
from foretaste.recipes.train import train_run
from texts_fakes import shop_items, write_shop

TEXT = ("text.encoder=tfidf", "text.tfidf.dim=12", "text.tfidf.max_share=1")
KEYS = (*TEXT, "dim=8", "negatives=8", "train.batch_tokens=64", "train.epochs=3", "train.warmup_steps=0")

LEARNT = ("train.epochs=20", "train.lr=0.01")
"""With these it tells the shop's themes apart; three epochs leave that to chance."""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


def test_it_learns_what_goes_together(shop: Path, tmp_path: Path) -> None:
    """People keep to one theme, and titles name it."""
    result = train_run("alpharec", shop, tmp_path / "run", [*KEYS, "tell=title", *LEARNT])
    assert result.test["metrics"]["hr@10"] > 0.5
    (answer,) = foretaste.load(tmp_path / "run").recommend(histories=[["m1", "m2"]], k=5)
    assert {found.item_id[0] for found in answer} == {"m"}


@pytest.mark.parametrize(
    "keys",
    [
        ("map=linear",),
        ("map=linear", "layers=0", "scale=none"),
        ("layers=0",),
        ("loss=bpr", "ridge=0.1"),
        ("trainable=true", "scale=whiten"),
        ("map=linear", "trainable=true"),
        ("private=true", "draws=users"),
    ],
)
def test_every_variant_is_trained_saved_and_measured(shop: Path, tmp_path: Path, keys: tuple[str, ...]) -> None:
    result = train_run("alpharec", shop, tmp_path / "run", [*KEYS, *keys])
    assert 0 < result.valid["metrics"]["hr@20"] <= 1
    saved = load_model(tmp_path / "run" / "model")
    assert saved.users is None
    grows = [p for p in saved.model.parameters() if p.shape[0] == saved.model.num_items]
    assert not grows


def test_a_new_item_enters_by_its_title(tmp_path: Path) -> None:
    new = [item for item in shop_items() if item["item_id"] in ("k3", "m7")]
    shop = write_shop(tmp_path / "shop", without=("k3", "m7"))
    train_run("alpharec", shop, tmp_path / "run", [*KEYS, "tell=title", *LEARNT])
    recommender = foretaste.load(tmp_path / "run")
    (before,) = recommender.recommend(histories=[["k1", "k2"]], k=100)
    after = recommender.add_items(new).recommend(histories=[["k1", "k2"], ["m1", "m2"]], k=100)
    scores, others = ({found.item_id: found.score for found in answer} for answer in after)
    assert scores.keys() - {found.item_id for found in before} == {"k3", "m7"}
    assert scores["k3"] + others["m7"] > scores["m7"] + others["k3"], "each fits those who have the like better"
    assert [scores[found.item_id] for found in before] == pytest.approx([found.score for found in before], abs=1e-5)


def test_the_title_alone_is_read_when_asked(shop: Path, tmp_path: Path) -> None:
    train_run("alpharec", shop, tmp_path / "run", [*KEYS, "tell=title"])
    prompt = (tmp_path / "run" / "model" / "text" / "prompt.toml").read_text()
    assert 'column = "title"' in prompt
    assert "brand" not in prompt
    with pytest.raises(ConfigError, match=r"tell=title and text\.prompt"):
        train_run("alpharec", shop, tmp_path / "other", [*KEYS, "tell=title", "text.prompt=mine.toml"])


def test_the_presets_hold_the_papers_numbers() -> None:
    found = {name: recipe("alpharec").config for name in presets_of("alpharec")}
    assert set(found) == {"paper", "parity-code"}
    for preset in presets_of("alpharec").values():
        values = preset.values
        assert (values["layers"], values["negatives"], values["temperature"], values["tell"]) == (2, 256, 0.15, "title")


def test_a_run_goes_on_where_it_stopped(shop: Path, tmp_path: Path) -> None:
    whole = train_run("alpharec", shop, tmp_path / "whole", list(KEYS))
    part = tmp_path / "part"
    train_run("alpharec", shop, part, list(KEYS))
    for file in (part / "manifest.json", part / "metrics.json", part / "stages" / "fit" / "manifest.json"):
        file.unlink()
    again = train_run("alpharec", shop, part, list(KEYS))
    assert again.test["metrics"] == whole.test["metrics"]
    first, second = (load_model(folder / "model").model.state_dict() for folder in (tmp_path / "whole", part))
    assert all(torch.equal(first[name], second[name]) for name in first)
