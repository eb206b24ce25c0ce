"""What the service answers is what the library answers, to the last bit, for every system; ONNX is torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import untrained
from http_fakes import client_of
from safetensors.numpy import load_file

import foretaste
from foretaste.data.dataset import Dataset
from foretaste.data.sequences import Sequences
from foretaste.data.simulate import MarketConfig, simulate, write_market
from foretaste.recipes.train import train_run
from foretaste.serving.bundle.write import export_bundle

SEQUENTIAL = ("sasrec", "gru4rec", "bert4rec", "llmemb", "llmesr", "pad")
SYSTEMS = (*SEQUENTIAL, "alpharec")
TEXT = ["text.encoder=tfidf", "text.tfidf.dim=8", "train.epochs=1"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated market, and a model of each system on it; AlphaRec is trained, for its graph is part of it."""
    folder = tmp_path_factory.mktemp("equal")
    write_market(simulate(MarketConfig(users=80, items=60)), folder / "market")
    for name in SEQUENTIAL:
        untrained(folder / name, name, folder / "market")
    train_run("alpharec", folder / "market", folder / "alpharec", TEXT)
    return folder


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[Any]:
    bundles = place / "bundles"
    for name in SYSTEMS:
        export_bundle(place / name, bundles / name, onnx=name in SEQUENTIAL)
    with client_of([bundles / name for name in SYSTEMS], place / "events.db") as found:
        yield found


@pytest.fixture(scope="module")
def histories(place: Path) -> list[list[str]]:
    """Of every length that there is, and what no history should be."""
    market = Dataset.load(place / "market")
    rows = {len(row): market.items.decode(row) for row in market.sequences}
    return [*rows.values(), [market.items[0]], ["stranger"], [market.items[1], "stranger"], []]


@pytest.mark.parametrize("name", SYSTEMS)
def test_over_http_every_item_and_score_is_the_librarys(
    place: Path, client: Any, histories: list[list[str]], name: str
) -> None:
    library = foretaste.load(place / name)
    for history in histories:
        (wanted,) = library.recommend(histories=[history], k=12)
        answer = client.post("/v1/recommend", json={"history": history, "k": 12, "model": name}).json()
        assert answer["items"] == [one.as_dict() for one in wanted]
        assert (answer["fallback"], answer["unknown"]) == (wanted.fallback, wanted.unknown)


@pytest.mark.parametrize("name", SYSTEMS)
def test_filters_over_http_are_the_librarys_candidates(
    place: Path, client: Any, histories: list[list[str]], name: str
) -> None:
    library = foretaste.load(place / name)
    allowed = list(library.items)[::3]
    for history in histories[:5]:
        (wanted,) = library.recommend(histories=[history], k=7, candidates=allowed, exclude_seen=False)
        asked = {"history": history, "k": 7, "model": name, "filters": {"allow": allowed, "exclude_seen": False}}
        assert client.post("/v1/recommend", json=asked).json()["items"] == [one.as_dict() for one in wanted]


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_the_exported_graph_is_torch(place: Path, client: Any, histories: list[list[str]], name: str) -> None:
    runtime = pytest.importorskip("onnxruntime")
    bundle, library = place / "bundles" / name, foretaste.load(place / name)
    table = load_file(bundle / "encoder_table.safetensors")["table"]
    session = runtime.InferenceSession(str(bundle / "encoder.onnx"), providers=["CPUExecutionProvider"])
    model: Any = library.saved.model
    longest = model.max_len if hasattr(model, "max_len") else model.network.max_len
    rows = [[int(i) for i in library.items.encode(history) if i >= 0][-longest:] for history in histories]
    rows = [row for row in rows if row]
    lengths = np.array([len(row) for row in rows])
    items = np.array([row + [0] * (lengths.max() - len(row)) for row in rows])
    (users,) = session.run(["users"], {"table": table, "items": items, "lengths": lengths})
    own = model.user_vectors(Sequences.from_lists(rows)).numpy()
    np.testing.assert_allclose(users, own, atol=1e-4, rtol=1e-4)


def test_the_models_are_no_trivial_ones(place: Path, client: Any, histories: list[list[str]]) -> None:
    """Else equality would prove nothing: lists differ between systems and between histories."""
    lists = {
        (name, place): tuple(
            one["item_id"] for one in client.post("/v1/recommend", json={"history": row, "model": name}).json()["items"]
        )
        for name in SYSTEMS
        for place, row in enumerate(histories[:4])
    }
    assert len(set(lists.values())) > 0.9 * len(lists)
