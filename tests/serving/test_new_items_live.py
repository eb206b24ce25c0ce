"""A new item, posted at one moment, is recommended and found a second later by every system that reads texts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from http_fakes import client_of

from foretaste.recipes.train import train_run
from texts_fakes import write_shop

TEXT = ("text.encoder=tfidf", "text.tfidf.dim=12", "text.tfidf.max_share=1")
SMALL = (*TEXT, "dim=8", "inner=16", "heads=1", "max_len=8", "train.epochs=6", "train.lr=0.01")
BRIEF = (*SMALL[:-2], "train.epochs=1")
GRAPH = (*TEXT, "train.epochs=4")
SYSTEMS: dict[str, tuple[str, ...]] = {
    "llmemb": (*SMALL, "scft.enabled=false"),
    "llmesr": SMALL,
    "pad": BRIEF,
    "unisrec": SMALL,
    "fdsa": BRIEF,
    "llm2x": BRIEF,
    "rlmrec": BRIEF,
    "textknn": TEXT,
    "embknn": TEXT,
    "textvotes": TEXT,
    "alpharec": GRAPH,
    "kar": GRAPH,
    "rlmrec-lightgcn": GRAPH,
}
NEW = {"item_id": "k99", "title": "golden whisk for the kitchen", "brand": "kitchen makers 1"}
TRAINED = [name for name, keys in SYSTEMS.items() if keys is not BRIEF]
"""Those that are trained long enough here to know a kitchen from a garden."""

HISTORY = ["k7", "k1", "k5", "k9"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("live")
    write_shop(folder / "shop")
    for name, keys in SYSTEMS.items():
        train_run(name, folder / "shop", folder / name, list(keys))
    return [folder / name for name in SYSTEMS]


def test_a_new_item_is_recommended_and_found_within_a_second(runs: list[Path], tmp_path: Path) -> None:
    with client_of(runs, tmp_path / "events.db") as client:
        began = time.monotonic()
        answer = client.post("/v1/items", json=NEW)
        assert (answer.status_code, set(answer.json()["models"].values())) == (201, {"added"})
        places = {}
        for name in SYSTEMS:
            body = {"history": HISTORY, "k": 15 if name in TRAINED else 100, "model": name}
            listed = [one["item_id"] for one in client.post("/v1/recommend", json=body).json()["items"]]
            places[name] = listed.index("k99") + 1 if "k99" in listed else None
            found = client.get("/v1/search", params={"q": "golden whisk", "k": 1, "model": name}).json()["items"]
            assert [one["item_id"] for one in found] == ["k99"], name
        seconds = time.monotonic() - began
        assert all(places.values()), places  # for the trained ones among the 15 best of 45
        assert seconds < len(SYSTEMS), f"{seconds:.1f} s for {len(SYSTEMS)} models"
        assert client.get("/v1/items/k99").json()["title"] == NEW["title"]
        asked = {"history": ["k99"], "k": 5, "model": "unisrec"}
        assert client.post("/v1/recommend", json=asked).json()["unknown"] == []
