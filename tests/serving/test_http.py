"""The service over HTTP: answers, events, items, models, and what it says to nonsense."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from http_fakes import client_of, service_behind, write_model
from starlette.testclient import TestClient

import foretaste
from foretaste.recipes.train import train_run
from foretaste.serving.engine import Engine
from foretaste.serving.events.availability import EventsUnavailable
from foretaste.serving.events.store import EventStore
from texts_fakes import shop_items, write_shop

pytestmark = pytest.mark.usefixtures("fake_recipe")


@pytest.fixture
def folders(tmp_path: Path, tidy: Path) -> list[Path]:
    return [write_model(tmp_path / "one", tidy, 1), write_model(tmp_path / "two", tidy, 2)]


@pytest.fixture
def client(folders: list[Path], tmp_path: Path) -> Iterator[TestClient]:
    with client_of(folders, tmp_path / "events.db") as found:
        yield found


def ids(answer: Any) -> list[str]:
    return [one["item_id"] for one in answer["items"]]


def test_answers_equal_those_of_the_library(client: TestClient, folders: list[Path]) -> None:
    for folder in folders:
        for history in (["i1", "i2"], ["i3"], [], ["i1", "stranger"]):
            (wanted,) = foretaste.load(folder).recommend(histories=[history], k=7)
            answer = client.post("/v1/recommend", json={"history": history, "k": 7, "model": folder.name}).json()
            assert answer["items"] == [one.as_dict() for one in wanted]
            assert (answer["model"], answer["fallback"]) == (folder.name, wanted.fallback)
            assert (answer["unknown"], answer["notes"]) == (wanted.unknown, wanted.notes)


def test_the_next_recommendation_knows_what_just_happened(client: TestClient) -> None:
    for item in ("i1", "i2"):
        assert client.post("/v1/events", json={"user_id": "ann", "item_id": item}).json()["status"] == "stored"
        kept = client.get("/v1/users/ann/history").json()["events"]
        assert kept[-1]["item_id"] == item
    by_user = client.post("/v1/recommend", json={"user_id": "ann", "model": "one"}).json()
    by_history = client.post("/v1/recommend", json={"history": ["i1", "i2"], "model": "one"}).json()
    assert by_user["items"] == by_history["items"]
    assert client.delete("/v1/users/ann/history").json() == {"deleted": 2}
    assert client.get("/v1/users/ann/history").json()["events"] == []
    assert client.post("/v1/recommend", json={"user_id": "ann"}).json()["fallback"] == "popularity"


def test_events_are_idempotent_alone_and_in_a_batch(client: TestClient) -> None:
    one = {"user_id": "u", "item_id": "i1", "event_id": "e1", "timestamp": 1_700_000_000.5}
    assert [client.post("/v1/events", json=one).json()["status"] for _ in range(2)] == ["stored", "duplicate"]
    answer = client.post("/v1/events", json={**one, "item_id": "i2"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:foretaste:problem:event-conflict")
    batch = [{"user_id": "u", "item_id": "i2"}, {**one, "item_id": "i3"}, one]
    found = client.post("/v1/events", json={"events": batch}).json()["events"]
    assert [event["status"] for event in found] == ["stored", "conflict", "duplicate"]
    kept = client.get("/v1/users/u/history").json()["events"]
    assert [(e["item_id"], e["kind"]) for e in kept] == [("i1", "view"), ("i2", "view")]
    assert kept[0]["timestamp"] == 1_700_000_000.5


def test_reasons_details_and_filters(client: TestClient) -> None:
    asked = {"history": ["i1"], "model": "one", "reasons": True, "details": True, "filters": {"allow": ["i4", "i5"]}}
    answer = client.post("/v1/recommend", json=asked).json()
    assert sorted(ids(answer)) == ["i4", "i5"]
    for one in answer["items"]:
        assert one["reasons"]["nearest"][0]["item_id"] == "i1"
        assert one["reasons"]["group"] in ("head", "tail", "new")
        assert one["details"]["brand"] == "b"
    denied = client.post("/v1/recommend", json={"history": ["i1"], "k": 18, "filters": {"deny": ["i4"]}}).json()
    assert len(denied["items"]) == 16
    assert "i4" not in ids(denied)


def test_two_models_side_by_side(client: TestClient) -> None:
    found = client.post("/v1/compare", json={"history": ["i1"], "k": 5}).json()
    assert [answer["model"] for answer in found["answers"]] == ["one", "two"]
    common = set(ids(found["answers"][0])) & set(ids(found["answers"][1]))
    assert found["overlap"] == {"one+two": len(common) / 5}


def test_traffic_is_split_and_sticks_to_the_user(folders: list[Path], tmp_path: Path) -> None:
    with client_of(folders, tmp_path / "events.db", split="one=30,two=70") as client:
        asked = [{"user_id": f"u{i}", "history": ["i1"], "k": 1} for i in range(80)]
        first, again = ([client.post("/v1/recommend", json=one).json()["model"] for one in asked] for _ in range(2))
    assert first == again
    assert 12 < first.count("one") < 36


def test_items_similar_and_search(client: TestClient, folders: list[Path]) -> None:
    assert client.get("/v1/items/i3").json()["title"] == "Item number 3"
    similar = client.get("/v1/items/i3/similar", params={"k": 3, "model": "two"}).json()
    assert similar["items"] == [one.as_dict() for one in foretaste.load(folders[1]).similar("i3", 3)]
    assert ids(client.get("/v1/search", params={"q": "number 7", "k": 1}).json()) == ["i7"]
    for path in ("/v1/items/i99", "/v1/items/i99/similar", "/v1/items/%00", "/v1/items/..%2F..%2Fetc%2Fpasswd"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:foretaste:problem:unknown-item")
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_removed_item_stays_away_after_a_reload_and_a_restart(folders: list[Path], tmp_path: Path) -> None:
    with client_of(folders, tmp_path / "events.db") as client:
        best = ids(client.post("/v1/recommend", json={"history": ["i1"], "k": 3}).json())[0]
        assert client.delete(f"/v1/items/{best}").json() == {"item_id": best, "removed": True}
        assert client.delete(f"/v1/items/{best}").status_code == 404
        client.post("/v1/models/one/reload")
        assert best not in ids(client.post("/v1/recommend", json={"history": ["i1"], "k": 18}).json())
        assert client.get(f"/v1/items/{best}").status_code == 404
    with client_of(folders, tmp_path / "events.db") as client:
        assert best not in ids(client.post("/v1/recommend", json={"history": ["i1"], "k": 18}).json())


def test_an_item_that_no_model_can_read_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/items", json={"item_id": "new", "title": "A title"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:foretaste:problem:item-refused")
    assert set(answer.json()["models"]) == {"one", "two"}
    assert client.get("/v1/items/new").status_code == 404
    assert client.post("/v1/items", json={"item_id": "i1", "title": "A title"}).status_code == 409


def test_a_new_item_is_recommended_and_found_at_once_and_after_a_restart(tmp_path: Path) -> None:
    new = next(item for item in shop_items() if item["item_id"] == "k3")
    write_shop(tmp_path / "shop", without=["k3"])
    train_run("textknn", tmp_path / "shop", tmp_path / "knn", ["text.encoder=tfidf", "text.tfidf.max_share=1"])
    with client_of([tmp_path / "knn"], tmp_path / "events.db") as client:
        answer = client.post("/v1/items", json={key: value for key, value in new.items() if value is not None})
        assert (answer.status_code, answer.json()["models"]) == (201, {"knn": "added"})
        asked = {"history": ["k1"], "k": 5}
        before = client.post("/v1/recommend", json=asked).json()
        assert "k3" in ids(before)
        assert "k3" in ids(client.get("/v1/search", params={"q": new["title"]}).json())
    with client_of([tmp_path / "knn"], tmp_path / "events.db") as client:
        assert ids(client.post("/v1/recommend", json=asked).json()) == ids(before)
        assert client.delete("/v1/items/k3").status_code == 200
        assert "k3" not in ids(client.post("/v1/recommend", json=asked).json())


def test_reload_and_rollback(client: TestClient, folders: list[Path], tidy: Path) -> None:
    asked = {"history": ["i1", "i2"], "model": "one"}
    old = client.post("/v1/recommend", json=asked).json()
    assert client.post("/v1/models/one/rollback").status_code == 409
    write_model(folders[0], tidy, 7)
    assert client.post("/v1/recommend", json=asked).json() == old
    versions = client.post("/v1/models/one/reload").json()
    assert versions["previous_version"] == old["version"] != versions["version"]
    new = client.post("/v1/recommend", json=asked).json()
    assert new["items"] == [one.as_dict() for one in foretaste.load(folders[0]).recommend(histories=[["i1", "i2"]])[0]]
    assert client.post("/v1/models/one/rollback").json()["version"] == old["version"]
    assert client.post("/v1/recommend", json=asked).json() == old


def test_a_broken_version_is_refused_and_the_old_one_goes_on(client: TestClient, folders: list[Path]) -> None:
    asked = {"history": ["i1"], "model": "two"}
    old = client.post("/v1/recommend", json=asked).json()
    (folders[1] / "model" / "weights.safetensors").write_bytes(b"broken")
    answer = client.post("/v1/models/two/reload")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:foretaste:problem:reload-failed")
    assert str(folders[1]) not in answer.text
    assert client.post("/v1/recommend", json=asked).json() == old


def test_no_request_is_lost_while_models_change(client: TestClient) -> None:
    wrong: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            if (status := client.post("/v1/recommend", json={"history": ["i1"], "model": "one"}).status_code) != 200:
                wrong.append(status)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert [client.post("/v1/models/one/reload").status_code for _ in range(4)] == [200] * 4
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_requests_that_come_together_share_a_forward(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    recommend, free = Engine.recommend, threading.Event()

    def slow(self: Engine, queries: Any) -> Any:
        free.wait(5)
        sizes.append(len(queries))
        return recommend(self, queries)

    batcher = service_behind(client).fleet.slots["one"].current.batcher
    engine = service_behind(client).fleet.slots["one"].current.engine
    monkeypatch.setattr(batcher, "_answer", lambda queries: slow(engine, queries))
    answers: dict[int, Any] = {}

    def ask(i: int) -> None:
        asked = {"history": [f"i{i}"], "k": i + 1, "model": "one"}
        if i == 5:
            asked["filters"] = {"where": [{"column": "nothing", "equals": 1}]}
        answers[i] = client.post("/v1/recommend", json=asked)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(10)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 5
    while len(batcher._waiting) < 9 and time.monotonic() < until:  # the first batch may have taken two
        time.sleep(0.001)
    free.set()
    for thread in threads:
        thread.join()
    assert max(sizes) >= 4
    assert answers[5].status_code == 422
    assert "nothing" in answers[5].json()["detail"]
    assert [len(answers[i].json()["items"]) for i in range(10) if i != 5] == [i + 1 for i in range(10) if i != 5]


INVALID: list[str | bytes] = [
    "",
    "nonsense",
    "[]",
    "null",
    "{}",
    '{"history": "i1"}',
    '{"history": [1]}',
    '{"history": ["i1"], "k": 0}',
    '{"history": ["i1"], "k": -3}',
    '{"history": ["i1"], "k": 1001}',
    '{"history": ["i1"], "k": 3.5}',
    '{"history": ["i1"], "alpha": NaN}',
    '{"history": ["i1"], "alpha": Infinity, "k": NaN}',
    '{"history": ["i1"], "filters": {"price_min": NaN}}',
    '{"history": ["i1"], "unknown_member": 1}',
    '{"history": ["\\ud800"]}',
    '{"history": ["a\\u0000b"]}',
    '{"history": [""]}',
    '{"history": ["i1"], "model": "three"}',
    '{"history": ["i1"], "k": ' + "9" * 5_000 + "}",
    '{"history": ' + "[" * 50_000 + "]" * 50_000 + "}",
    '{"a":' * 20_000 + "1" + "}" * 20_000,
    json.dumps({"history": ["x" * 300]}),
    json.dumps({"history": ["i1"] * 1_001}),
    json.dumps({"intent": "a gift"}),
    b'{"history": ["\xff\xfe"]}',
]


def test_an_invalid_body_is_422(client: TestClient) -> None:
    for body in INVALID:
        answer = client.post("/v1/recommend", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422, (body[:80], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 422
        assert len(answer.content) < 10_000


def test_strange_texts_are_only_texts(client: TestClient) -> None:
    for text in ("'; DROP TABLE events; --", "<script>alert(1)</script>", "😀‮", "../../etc/passwd", "%s{0}"):
        assert client.post("/v1/events", json={"user_id": text, "item_id": text}).status_code == 200
        answer = client.post("/v1/recommend", json={"user_id": text}).json()
        assert (answer["unknown"], answer["fallback"]) == ([text], "popularity")
        assert client.get("/v1/search", params={"q": text}).status_code == 200


def test_a_database_that_is_away_is_503_and_comes_back(folders: list[Path], tmp_path: Path) -> None:
    home = tmp_path / "later"
    with client_of(folders[:1], home / "events.db") as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        for answer in (
            client.post("/v1/events", json={"user_id": "u", "item_id": "i1"}),
            client.post("/v1/recommend", json={"user_id": "u"}),
            client.get("/v1/users/u/history"),
            client.delete("/v1/items/i1"),
        ):
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:foretaste:problem:events-unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            assert str(home) not in answer.text
        assert client.post("/v1/recommend", json={"history": ["i1"]}).status_code == 200
        assert client.get("/v1/items/i1").status_code == 200
        home.mkdir()
        store: EventStore = service_behind(client).store
        store._up._again = 0.0
        assert client.post("/v1/events", json={"user_id": "u", "item_id": "i1"}).status_code == 200
        assert client.get("/readyz").status_code == 200


def test_an_item_that_cannot_be_noted_is_not_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shop(tmp_path / "shop", without=["k3"])
    train_run("textknn", tmp_path / "shop", tmp_path / "knn", ["text.encoder=tfidf", "text.tfidf.max_share=1"])

    def fail(*_: Any) -> None:
        raise EventsUnavailable("no space left")

    with client_of([tmp_path / "knn"], tmp_path / "events.db") as client:
        monkeypatch.setattr(EventStore, "change_items", fail)
        assert client.post("/v1/items", json={"item_id": "k3", "title": "A kettle"}).status_code == 503
        assert client.get("/v1/items/k3").status_code == 404


def test_models_health_metrics_and_openapi(client: TestClient) -> None:
    client.post("/v1/recommend", json={"history": ["i1"], "model": "two"})
    listed = client.get("/v1/models").json()["models"]
    assert [(one["name"], one["share"], one["recipe"], one["items"]) for one in listed] == [
        ("one", 1.0, "fake", 18),
        ("two", 0.0, "fake", 18),
    ]
    assert client.get("/v1/models/two").json()["version"] == listed[1]["version"]
    assert client.get("/v1/models/three").json()["type"] == "urn:foretaste:problem:unknown-model"
    text = client.get("/metrics").text
    assert 'foretaste_requests_total{method="POST",route="/v1/recommend",status="200"} 1.0' in text
    assert 'foretaste_recommendations_total{fallback="none",model="two"} 1.0' in text
    paths = client.get("/openapi.json").json()["paths"]
    assert "/v1/recommend" in paths
    assert client.get("/nothing").json()["type"] == "urn:foretaste:problem:not-found"
    assert client.get("/v1/recommend").status_code == 405


def test_an_error_inside_tells_nothing(folders: list[Path], tmp_path: Path) -> None:
    with client_of(folders, tmp_path / "events.db", raise_errors=False) as client:
        service = service_behind(client)
        service.fleet.slots["one"].current.batcher._answer = lambda queries: 1 / 0
        answer = client.post("/v1/recommend", json={"history": ["i1"], "model": "one"})
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:foretaste:problem:internal")
    assert "division" not in answer.text
