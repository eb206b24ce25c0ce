"""A bundle names no folder of the machine that it was written on, and needs none of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import foretaste
from foretaste.recipes.train import train_run
from foretaste.serving.bundle.write import export_bundle
from foretaste.serving.engine import Engine
from foretaste.serving.portable import without_paths
from foretaste.serving.queries import Query
from texts_fakes import shop_items, write_shop

NEW = [item for item in shop_items() if item["item_id"] == "k3"]
SMALL = ("dim=8", "inner=8", "heads=1", "max_len=6", "train.epochs=1", "text.encoder=tfidf", "text.tfidf.max_share=1")


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose known vectors lie in a store that many runs share, outside of it and of its weights."""
    folder = tmp_path_factory.mktemp("origin")
    write_shop(folder / "shop", without=["k3"])
    train_run("llm2x", folder / "shop", folder / "run", [*SMALL, f"text.store={folder / 'shared'}"])
    return folder


def test_no_path_of_the_machine_is_in_a_bundle(origin: Path, tmp_path: Path) -> None:
    export_bundle(origin / "run", tmp_path / "b")
    assert str(origin) in (origin / "run" / "model" / "text" / "text.json").read_text()
    telling = [
        path for path in (tmp_path / "b").rglob("*") if path.is_file() and str(origin).encode() in path.read_bytes()
    ]
    assert telling == []


def test_a_bundle_takes_the_known_vectors_along(
    origin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = foretaste.load(origin / "run").add_items(NEW).recommend(histories=[["k3", "k1"]], k=9)
    export_bundle(origin / "run", tmp_path / "first")
    export_bundle(tmp_path / "first", tmp_path / "second")
    moved = Path(shutil.move(tmp_path / "second", tmp_path / "moved"))
    shutil.rmtree(origin / "run")
    shutil.rmtree(origin / "shared")
    shutil.rmtree(tmp_path / "first")
    engine = Engine.open(moved)
    engine.add_items(NEW)
    assert "encoding the" not in capsys.readouterr().err
    assert engine.recommend([Query(history=("k3", "k1"), k=9)]) == before
    assert len(Engine.open(moved).saved.items) == len(engine.saved.items) - 1


def test_what_a_service_tells_of_a_run_names_no_path_either(tmp_path: Path) -> None:
    write_shop(tmp_path / "shop")
    train_run("textknn", tmp_path / "shop", tmp_path / "run", [*SMALL[-2:], f"text.store={tmp_path / 'shared'}"])
    info = Engine.open(tmp_path / "run").info()
    assert info["config"]["text"]["store"] == "shared"
    assert str(tmp_path) not in str(info)


@pytest.mark.parametrize(
    ("given", "left"),
    [("/a/b c", "b c"), ("~/x", "x"), ("../x/y", "y"), (r"C:\a\b.txt", "b.txt"), ("org/name", "org/name"), ("", "")],
)
def test_only_what_is_surely_a_path_is_cut(given: str, left: str) -> None:
    assert without_paths({"a": [given, 1, None]}) == {"a": [left, 1, None]}
