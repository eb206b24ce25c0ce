"""Maps and evaluations over HTTP: what they hold, who draws them, what happens when that fails."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi")

from bundles import untrained, write_priced_shop
from http_fakes import client_of
from starlette.testclient import TestClient

import foretaste
from fakes import write_tidy
from foretaste.recipes.train import train_run
from foretaste.serving.bundle.write import export_bundle
from foretaste.serving.engine import Engine
from foretaste.serving.http import maps as maps_module
from foretaste.serving.http.maps import Maps
from foretaste.serving.http.problems import Problem
from foretaste.serving.layout import Layout
from foretaste.serving.shelf import Shelf
from foretaste.serving.tsne import places_of

FAILS = [
    "import sys; sys.exit('no')",
    "import sys; sys.stdout.write('nonsense')",
    "import numpy, sys; numpy.save(sys.stdout.buffer, numpy.zeros((3, 2)))",
    "import sys, numpy, io\nn = len(numpy.load(io.BytesIO(sys.stdin.buffer.read())))\n"
    "numpy.save(sys.stdout.buffer, numpy.full((n, 2), numpy.nan))",
]
DRAWS = (
    "import sys, numpy, io\nvectors = numpy.load(io.BytesIO(sys.stdin.buffer.read()))\n"
    "numpy.save(sys.stdout.buffer, vectors[:, :2].astype(float))"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps")
    return untrained(folder / "run", "sasrec", write_priced_shop(folder / "shop"))


@pytest.fixture
def client(run: Path, tmp_path: Path) -> Iterator[TestClient]:
    train_run("popularity", write_tidy(tmp_path / "tiny"), tmp_path / "popularity", [])
    with client_of([run, tmp_path / "popularity"], tmp_path / "events.db") as found:
        yield found


def drawn_by(engine: Engine, code: str) -> list[dict[str, Any]]:
    """The first answer, and the one after a program has drawn."""

    async def ask() -> list[dict[str, Any]]:
        maps = Maps((sys.executable, "-c", code))
        first = await maps.map_of(engine)
        await asyncio.gather(*maps._tasks.values())
        last = await maps.map_of(engine)
        await maps.close()
        return [first, last]

    return asyncio.run(ask())


def test_the_map_comes_at_once_and_a_better_one_follows(client: TestClient, run: Path) -> None:
    first = client.get("/v1/models/run/map")
    assert (first.status_code, first.headers["cache-control"]) == (200, "no-store")
    told = first.json()
    assert (told["model"], told["method"], told["drawing"]) == ("run", "pca", True)
    items = len(foretaste.load(run).items)
    assert told["total"] == len(told["item_id"]) == len(told["x"]) == items
    until = time.monotonic() + 60
    while told["drawing"] and time.monotonic() < until:
        time.sleep(0.2)
        told = client.get("/v1/models/run/map").json()
    assert (told["method"], told["drawing"]) == ("t-sne", False)
    assert all(0 <= place <= 1 for place in told["x"] + told["y"])
    assert client.get("/v1/models/run/map").json() == told
    gone = told["item_id"][3]
    assert client.delete(f"/v1/items/{gone}").status_code == 200
    fewer = client.get("/v1/models/run/map").json()
    assert [item for item in told["item_id"] if item != gone] == fewer["item_id"]
    before, after = (dict(zip(one["item_id"], one["x"], strict=True)) for one in (told, fewer))
    assert all(before[item] == after[item] for item in after)


def test_a_model_without_vectors_has_no_map(client: TestClient) -> None:
    answer = client.get("/v1/models/popularity/map")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:foretaste:problem:no-map")
    assert client.get("/v1/models/nothing/map").json()["type"] == "urn:foretaste:problem:unknown-model"


def test_a_program_draws_places_for_the_vectors_it_is_given(run: Path) -> None:
    first, last = drawn_by(Engine.open(run), DRAWS)
    assert (first["method"], first["drawing"], last["method"], last["drawing"]) == ("pca", True, "t-sne", False)
    unit = Engine.open(run).shelf.made.unit
    assert unit is not None
    spread = np.stack([last["x"], last["y"]], axis=1)
    ratio = (spread[1:] - spread[0]) / (unit[1:, :2] - unit[0, :2])
    assert np.allclose(ratio, ratio[0, 0], atol=5e-2)


@pytest.mark.parametrize("code", FAILS)
def test_a_program_that_fails_leaves_the_projection(run: Path, code: str) -> None:
    first, last = drawn_by(Engine.open(run), code)
    assert {**first, "drawing": False} == last
    assert last["method"] == "pca"


def test_a_better_map_that_comes_meanwhile_is_still_announced(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maps, drawing = Maps((sys.executable, "-c", DRAWS)), maps_module.drawn

    def late(shelf: Shelf, layout: Layout) -> dict[str, Any]:
        until = time.monotonic() + 60
        while not all(task.done() for task in maps._tasks.values()) and time.monotonic() < until:
            time.sleep(0.01)
        return drawing(shelf, layout)

    monkeypatch.setattr(maps_module, "drawn", late)

    async def ask() -> list[dict[str, Any]]:
        engine = Engine.open(run)
        return [*await asyncio.gather(maps.map_of(engine), maps.map_of(engine)), await maps.map_of(engine)]

    told = [(one["method"], one["drawing"]) for one in asyncio.run(ask())]
    assert told == [("pca", True), ("pca", True), ("t-sne", False)]


def test_stopping_ends_the_program(run: Path) -> None:
    async def ask() -> float:
        maps = Maps((sys.executable, "-c", "import time; time.sleep(60)"))
        await maps.map_of(Engine.open(run))
        await asyncio.sleep(0.5)
        began = time.monotonic()
        await maps.close()
        return time.monotonic() - began

    assert asyncio.run(ask()) < 10


def test_vectors_that_are_no_numbers_are_refused(run: Path) -> None:
    engine = Engine.open(run)
    unit = engine.shelf.made.unit
    assert unit is not None
    unit[2] = np.nan
    with pytest.raises(Problem, match="no item vectors"):
        asyncio.run(Maps(()).map_of(engine))


def test_tsne_is_the_same_each_time_and_keeps_neighbours() -> None:
    centres = np.random.default_rng(0).normal(size=(3, 8)) * 10
    vectors = np.concatenate([centres[i] + np.random.default_rng(i).normal(size=(20, 8)) for i in range(3)])
    given = io.BytesIO()
    np.save(given, vectors.astype(np.float32))
    places = np.load(io.BytesIO(places_of(given.getvalue())))
    assert np.array_equal(places, np.load(io.BytesIO(places_of(given.getvalue()))))
    distance = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(60) * 9
    assert (distance.argmin(1) // 20 == np.arange(60) // 20).all()


def test_an_evaluation_is_what_the_run_measured_and_a_bundle_keeps_it(tmp_path: Path) -> None:
    train_run("sasrec", write_tidy(tmp_path / "tiny"), tmp_path / "run", ["dim=8", "train.epochs=2", "max_len=6"])
    export_bundle(tmp_path / "run", tmp_path / "bundle")
    with client_of([tmp_path / "run", tmp_path / "bundle"], tmp_path / "events.db") as client:
        told, kept = (client.get(f"/v1/models/{name}/evaluation").json() for name in ("run", "bundle"))
    measured = json.loads((tmp_path / "run" / "metrics.json").read_text())
    for part in ("test", "valid"):
        assert told[part]["metrics"] == measured[part]["metrics"]
        assert told[part]["groups"] == measured[part]["groups"]
    (log,) = (tmp_path / "run" / "stages").glob("*/log.jsonl")
    assert told["curves"] == {log.parent.name: [json.loads(line) for line in log.read_text().splitlines()]}
    assert len(told["curves"][log.parent.name]) == 2
    assert sum(told["seconds"].values()) > 0
    assert {**kept, "model": "run"} == told
    assert str(tmp_path) not in json.dumps([told, kept])
    (tmp_path / "bundle" / "training.json").write_text("{}")
    with pytest.raises(foretaste.ForetasteError, match=r"training\.json is damaged"):
        Engine.open(tmp_path / "bundle")


def test_a_model_says_what_it_can_be_asked(client: TestClient) -> None:
    sasrec, popularity = client.get("/v1/models").json()["models"]
    assert (sasrec["has_vectors"], sasrec["follows_intent"], popularity["has_vectors"]) == (True, False, False)
    kinds = {"title": "text", "price": "number", "in_stock": "flag", "categories": "list"}
    assert {name: sasrec["columns"][name] for name in kinds} == kinds
    assert not {"item_id", "popularity"} & set(sasrec["columns"])
