"""Requests that mean harm or make no sense: no error of the server, nothing of its inside, no hang, nothing changed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from http_fakes import client_of

from foretaste.recipes.train import train_run
from texts_fakes import write_shop

fuzzing = pytest.importorskip("fuzzing", reason="schemathesis is not installed")

TEXTS = (
    "'; DROP TABLE events; --",
    "' OR '1'='1",
    '" UNION SELECT * FROM events',
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}${7*7}#{7*7}",
    "$(sleep 9)`sleep 9`",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/shadow",
    "C:\\windows\\win.ini",
    "file:///etc/passwd",
    "%s%n%x{0.__class__}",
    "a\r\nSet-Cookie: x=1",
    "line\u2028separator\u2029",
    "\u202egnp.exe",
    "e\u0301" * 60,
    "\U0001f9d1\u200d\U0001f680" * 20,
    "\ufeff\ufffe\uffff",
    "ß" * 256,
    "x" * 256,
    "x" * 257,
    "0",
    "null",
    "-1",
    "NaN",
    ".",
    "..",
    " ",
    "/",
    "history",
    "similar",
)

NUMBERS = (
    "-1",
    "0",
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "1" * 400,
    "1.5",
    '"7"',
    "true",
    "[]",
    "{}",
    "null",
)

BODIES = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"\xff\xfe\x00",
    b"{" * 50_000,
    b"[" * 500_000,
    b'{"a":' * 100_000,
    b'{"history":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"history":["' + b"x" * 900_000 + b'"]}',
    b'{"history":[' + b'"a",' * 200_000 + b'"a"]}',
    b'{"history":[],"history":["a"],"k":3}',
    b'{"user_id":"\\ud800"}',
    b'{"user_id":"\\u0000"}',
    b'{"__proto__":{"x":1},"history":[]}',
    b'{"history":[1e400]}',
    b'{"history":["a"],"filters":{"where":[{"column":"title; DROP TABLE x","equals":"a"}]}}',
    b'{"history":["a"],"filters":{"where":[{"column":"title","equals":{"$gt":""}}]}}',
    b'{"history":["a"],"filters":{"where":[{"column":"title","one_of":[[["a"]]]}]}}',
    b'{"history":["a"],"model":"../../etc/passwd"}',
    b'{"history":["a"],"intent":"' + b"w " * 400 + b'"}',
)

POSTS = ("/v1/recommend", "/v1/compare", "/v1/events", "/v1/items")
PATHS = (
    "/../../etc/passwd",
    "/v1/../../etc/passwd",
    "/v1/items/%00",
    "/v1/items/%ff%fe",
    "/v1/items/..%2f..%2fmodel%2fmodel.json",
    "/v1/models/..%2f..%2f",
    "/v1/users/%2e%2e/history",
    "/v1/users//history",
    "/v1/items//similar",
    "//evil.example/v1/models",
    "/v1/search?q=%00",
    "/v1/search?q=" + "%20" * 900,
    "/v1/search?q=" + quote("(" * 900),
    "/v1/search?q=a&k=99999999999999999999",
    "/v1/search?" + "q=a&" * 2_000,
    "/openapi.json?x=" + "y" * 5_000,
    "/metrics/../v1/models",
    "/" + "a" * 20_000,
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("robust")
    write_shop(folder / "shop")
    train_run("textknn", folder / "shop", folder / "knn", ["text.encoder=tfidf", "text.tfidf.max_share=1"])
    with client_of([folder / "knn"], folder / "events.db", raise_errors=False) as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_is_lost(client: Any) -> Iterator[None]:
    """After whatever was sent, what was there before is there, and quick."""
    before = client.get("/v1/items/k1").json()
    yield
    assert client.get("/v1/items/k1").json() == before
    assert client.post("/v1/recommend", json={"history": ["k1"], "k": 3}).json()["fallback"] is None


def asked(client: Any, method: str, url: str, **told: Any) -> Any:
    began = time.perf_counter()
    response = client.request(method, url, **told)
    fuzzing.check_answer(response, url + repr(told), time.perf_counter() - began)
    return response


@pytest.mark.parametrize("place", range(len(TEXTS)))
def test_texts_are_only_texts(client: Any, place: int) -> None:
    text = TEXTS[place]
    asked(client, "POST", "/v1/recommend", json={"history": [text, "k1"], "user_id": text, "k": 2})
    asked(client, "POST", "/v1/recommend", json={"history": ["k1"], "filters": {"allow": [text], "deny": [text]}})
    asked(
        client, "POST", "/v1/recommend", json={"history": ["k1"], "filters": {"categories": [text], "brands": [text]}}
    )
    asked(client, "POST", "/v1/recommend", json={"history": ["k1"], "intent": text, "model": text})
    stored = asked(client, "POST", "/v1/events", json={"user_id": text, "item_id": text, "kind": text[:64]})
    told = asked(client, "GET", f"/v1/users/{quote(text, safe='')}/history")
    if stored.status_code == 200 and told.status_code == 200 and "%" not in text:  # which the client decodes twice
        assert [one["item_id"] for one in told.json()["events"]] == [text]
    asked(client, "DELETE", f"/v1/users/{quote(text, safe='')}/history")
    asked(client, "GET", "/v1/search", params={"q": text, "model": text})
    asked(client, "GET", "/v1/search", params={"q": text})
    taken = asked(client, "POST", "/v1/items", json={"item_id": text, "title": text, "brand": text})
    if taken.status_code == 201:
        found = asked(client, "GET", f"/v1/items/{quote(text, safe='')}")
        if found.status_code == 200 and "%" not in text:
            assert (found.json()["item_id"], found.json()["title"]) == (text, text)
        asked(client, "DELETE", f"/v1/items/{quote(text, safe='')}")


@pytest.mark.parametrize("key", ["k", "alpha", "diversity", "per_category", "history", "reasons", "filters"])
def test_numbers_that_are_none(client: Any, key: str) -> None:
    for number in NUMBERS:
        content = f'{{"user_id": "u", "{key}": {number}}}'.encode()
        asked(client, "POST", "/v1/recommend", content=content, headers={"content-type": "application/json"})
        filters = f'{{"history": ["k1"], "filters": {{"price_min": {number}, "in_stock": {number}}}}}'.encode()
        asked(client, "POST", "/v1/recommend", content=filters, headers={"content-type": "application/json"})
        event = f'{{"user_id": "u", "item_id": "i", "timestamp": {number}, "rating": {number}}}'.encode()
        asked(client, "POST", "/v1/events", content=event, headers={"content-type": "application/json"})
        asked(client, "GET", "/v1/search", params={"q": "pan", "k": number})
        asked(client, "GET", "/v1/items/k1/similar", params={"k": number})
        asked(client, "GET", "/v1/users/u/history", params={"limit": number})
        item = f'{{"item_id": "n", "title": "pan", "brand": {number}}}'.encode()
        if asked(client, "POST", "/v1/items", content=item).status_code == 201:
            client.delete("/v1/items/n")


@pytest.mark.parametrize("url", POSTS)
def test_bodies_of_every_shape(client: Any, url: str) -> None:
    for body in BODIES:
        for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
            asked(client, "POST", url, content=body, headers={"content-type": kind})
    asked(client, "POST", url, content=b"x" * (2 << 20), headers={"content-type": "application/json"})
    asked(client, "POST", url, content=b"{}", headers={"content-type": "application/json", "content-encoding": "gzip"})


def test_paths_lead_nowhere(client: Any) -> None:
    for path in PATHS:
        for method in ("GET", "DELETE", "POST", "PUT", "OPTIONS", "TRACE", "HEAD"):
            if method != "HEAD":
                response = asked(client, method, path)
                assert "root:" not in response.text


def test_deep_values_are_no_attributes(client: Any) -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    for value in (deep, {"a": 1}, [[1]], [None], 10**400, "\ud800"):
        body = json.dumps({"item_id": "deep", "title": "pan", "brand": value})
        response = asked(client, "POST", "/v1/items", content=body, headers={"content-type": "application/json"})
        assert response.status_code == 422


def test_made_up_requests_of_every_operation(client: Any) -> None:
    counts = fuzzing.fuzz(client.get("/openapi.json").json(), client, 6)
    assert counts.total() > 150
    assert set(counts) <= {0, 200, 201, 404, 405, 409, 422}
    assert {200, 404, 422} <= set(counts)
