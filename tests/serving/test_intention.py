"""A wish in words moves the list towards what it names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import foretaste
from foretaste.cli.main import run as main
from foretaste.core.errors import DataError
from foretaste.recipes.train import train_run
from foretaste.serving.recommender import Recommender
from texts_fakes import write_shop

KEYS = ("text.encoder=tfidf", "text.tfidf.dim=30", "text.tfidf.max_share=1", "tell=title", "dim=16", "negatives=8")
LOOP = ("layers=1", "train.batch_tokens=64", "train.epochs=15", "train.lr=0.01")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("intention")
    write_shop(folder / "shop")
    train_run("alpharec", folder / "shop", folder / "run", [*KEYS, *LOOP])
    return folder / "run"


@pytest.fixture
def shop(run: Path) -> Recommender:
    return foretaste.load(run)


def themes(shop: Recommender, k: int = 8, **keys: object) -> str:
    (answer,) = shop.recommend(k=k, **keys)  # type: ignore[arg-type]
    return "".join(found.item_id[0] for found in answer)


def test_a_wish_alone_is_answered(shop: Recommender) -> None:
    for wish, theme in (("something for the music", "m"), ("a thing for the garden", "g")):
        (answer,) = shop.recommend(intent=wish, k=8)
        assert {found.item_id[0] for found in answer} == {theme}
        assert answer.fallback is None
        assert answer.notes == []


def test_the_wish_weighs_what_alpha_says(shop: Recommender) -> None:
    history, wish = [["k1", "k2", "k5"]], "for the garden"
    assert themes(shop, histories=history) == "k" * 8
    assert themes(shop, histories=history, intent=wish, alpha=1.0).count("g") >= 4
    counts = [themes(shop, histories=history, intent=wish, alpha=a).count("g") for a in (0.0, 0.5, 0.8, 1.0)]
    assert counts == sorted(counts)
    assert counts[0] == 0


def test_seen_items_and_candidates_are_as_ever(shop: Recommender) -> None:
    (answer,) = shop.recommend(histories=[["m1", "m2"]], intent="for the music", k=50)
    assert not {"m1", "m2"} & {found.item_id for found in answer}
    (chosen,) = shop.recommend(intent="for the music", k=5, candidates=["k1", "m3"])
    assert [found.item_id for found in chosen] == ["m3", "k1"]


def test_a_new_item_is_found_by_a_wish(shop: Recommender) -> None:
    shop.add_items([{"item_id": "new", "title": "silver stand for the music"}])
    (answer,) = shop.recommend(intent="silver stand for the music", k=3)
    assert "new" in {found.item_id for found in answer}


@pytest.mark.parametrize(
    ("keys", "message"), [({"intent": " ? "}, "says nothing"), ({"intent": "music", "alpha": 1.5}, "no weight")]
)
def test_a_wish_that_says_nothing_is_refused(shop: Recommender, keys: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        shop.recommend(**keys)  # type: ignore[arg-type]


def test_a_recipe_without_texts_says_so(run: Path, tmp_path: Path) -> None:
    train_run("popularity", run.parent / "shop", tmp_path / "popular", [])
    with pytest.raises(DataError, match="cannot follow a wish"):
        foretaste.load(tmp_path / "popular").recommend(histories=[["m1"]], intent="for the music")


def test_the_command_line_takes_a_wish(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["recommend", str(run), "-k", "4", "--json", "--intent", "something for the music"]
    for more, theme in (([], "m"), (["--history", "k1,k2", "--alpha", "0"], "k")):
        assert main([*call, *more]) == 0
        assert {row["item_id"][0] for row in json.loads(capsys.readouterr().out)} == {theme}
