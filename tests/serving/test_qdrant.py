"""Qdrant behind a bundle: its embedded engine, and what is said when it is away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("qdrant_client")

from bundles import untrained
from http_fakes import client_of, service_behind

import foretaste
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.serving.bundle.write import export_bundle
from foretaste.serving.engine import Engine
from foretaste.serving.index.qdrant_index import LOCATION, IndexUnavailable, QdrantIndex, build_qdrant, connect
from foretaste.serving.queries import Filters, Query
from texts_fakes import write_shop

HISTORIES = [("k1", "k2", "k3"), ("g4",), ("m1", "k1", "g1", "nothing"), ()]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run, its bundle, and the folder of an embedded Qdrant."""
    monkeypatch.setenv(LOCATION, str(tmp_path / "qdrant"))
    untrained(tmp_path / "run", "sasrec", write_shop(tmp_path / "shop"))
    about = export_bundle(tmp_path / "run", tmp_path / "b", index="qdrant").about["index"]
    assert (about["kind"], about["recall@10"]) == ("qdrant", 1.0)
    assert not (tmp_path / "b" / "index" / "index.faiss").exists()
    return tmp_path


def engine_index(engine: Engine) -> QdrantIndex:
    found = engine._shelf.index
    assert isinstance(found, QdrantIndex)
    return found


def test_answers_are_those_of_the_run_filters_and_removals_included(place: Path) -> None:
    engine, library = Engine.open(place / "b"), foretaste.load(place / "run")
    theirs = library.recommend(histories=HISTORIES, k=7)
    ours = engine.recommend([Query(history=history, k=7) for history in HISTORIES])
    assert [[one.item_id for one in a] for a in ours] == [[one.item_id for one in a] for a in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose([one.score for one in mine], [one.score for one in other], rtol=1e-5)
    allowed = list(library.items)[::4]
    (wanted,) = library.recommend(histories=[["k1"]], k=6, candidates=allowed)
    (found,) = engine.recommend([Query(history=("k1",), k=6, filters=Filters(allow=tuple(allowed)))])
    assert [one.item_id for one in found] == [one.item_id for one in wanted]
    engine.remove_items([wanted[0].item_id])
    (after,) = engine.recommend([Query(history=("k1",), k=5, filters=Filters(allow=tuple(allowed)))])
    assert [one.item_id for one in after] == [one.item_id for one in wanted[1:]]
    engine_index(engine).client.close()


def test_the_same_vectors_are_written_once(place: Path) -> None:
    export_bundle(place / "run", place / "again", index="qdrant")
    client = connect()
    assert len(client.get_collections().collections) == 1
    client.close()


def test_another_qdrant_is_noticed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOCATION, str(place / "other"))
    with pytest.raises(ArtefactError, match="holds 0 items"):
        Engine.open(place / "b")
    monkeypatch.delenv(LOCATION)
    with pytest.raises(ConfigError, match="where Qdrant is"):
        Engine.open(place / "b")


def test_a_qdrant_that_is_away_is_503(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with client_of([place / "b"], place / "events.db") as client:
        asked = {"history": ["k1"], "k": 3}
        assert client.post("/v1/recommend", json=asked).status_code == 200
        engine = service_behind(client).fleet.slots["b"].current.engine
        qdrant = engine_index(engine).client

        def away(*_: object, **__: object) -> None:
            raise ConnectionError("http://10.1.2.3:6333 refused")

        monkeypatch.setattr(qdrant, "query_batch_points", away)
        answer = client.post("/v1/recommend", json=asked)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:foretaste:problem:index-unavailable")
        assert "10.1.2.3" not in answer.text
        assert answer.headers["retry-after"] == "1"
        monkeypatch.undo()
        assert client.post("/v1/recommend", json=asked).status_code == 200
        qdrant.close()


def test_a_server_that_does_not_exist_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOCATION, "http://127.0.0.1:9")
    with pytest.raises(IndexUnavailable, match="does not answer"):
        build_qdrant(np.zeros((3, 4), np.float32), width=64)
