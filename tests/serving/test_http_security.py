"""Who may ask, how much, how often; and that a route without a role cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from http_fakes import client_of, write_model
from starlette.testclient import TestClient

from foretaste.cli.main import run
from foretaste.core.errors import ConfigError
from foretaste.serving.http import app as module
from foretaste.serving.http.keys import Key, Keys, digest_of, new_key, read_keys
from foretaste.serving.http.rates import CLIENTS, Rates
from foretaste.serving.http.settings import RATE_ELSEWHERE, Settings

pytestmark = pytest.mark.usefixtures("fake_recipe")

TOKENS = {role: new_key(role, role) for role in ("read", "write", "admin")}
KEYS = Keys(key for _, key in TOKENS.values())


@pytest.fixture
def folder(tmp_path: Path, tidy: Path) -> Path:
    return write_model(tmp_path / "one", tidy)


@pytest.fixture
def client(folder: Path, tmp_path: Path) -> Iterator[TestClient]:
    with client_of([folder], tmp_path / "events.db", KEYS) as found:
        yield found


def bearer(role: str) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[role][0]}"}


ASKED = [
    ("read", "POST", "/v1/recommend", {"history": ["i1"]}),
    ("read", "POST", "/v1/compare", {"history": ["i1"]}),
    ("read", "GET", "/v1/items/i1", None),
    ("read", "GET", "/v1/items/i1/similar", None),
    ("read", "GET", "/v1/search?q=item", None),
    ("read", "GET", "/v1/models", None),
    ("read", "GET", "/v1/models/one", None),
    ("read", "GET", "/v1/models/one/evaluation", None),
    ("read", "GET", "/v1/models/one/map", None),
    ("read", "GET", "/metrics", None),
    ("read", "GET", "/openapi.json", None),
    ("read", "GET", "/v1/users/u/history", None),
    ("write", "DELETE", "/v1/users/u/history", None),
    ("write", "POST", "/v1/events", {"user_id": "u", "item_id": "i1"}),
    ("write", "POST", "/v1/items", {"item_id": "i1", "title": "there already"}),
    ("write", "DELETE", "/v1/items/none", None),
    ("admin", "POST", "/v1/models/one/reload", None),
    ("admin", "POST", "/v1/models/one/rollback", None),
]
"""The role that each route needs."""


def test_every_route_asks_for_its_role(client: TestClient) -> None:
    roles = list(TOKENS)
    for needed, method, path, body in ASKED:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"x-api-key": "ft_" + "a" * 43}, {"authorization": ""}):
            answer = client.request(method, path, json=body, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        for role in roles:
            status = client.request(method, path, json=body, headers=bearer(role)).status_code
            assert (status == 403) == (roles.index(role) < roles.index(needed)), (role, method, path)
            assert status != 401


def test_every_route_is_in_that_list() -> None:
    alive = {"/healthz", "/readyz"}
    for router in module.ROUTES:
        for route in router.router.routes:
            roles = [one.dependency.role for one in route.dependencies]  # type: ignore[attr-defined]
            path = route.path  # type: ignore[attr-defined]
            assert len(roles) == (0 if path in alive else 1), path
    told = sum(len(route.methods) for router in module.ROUTES for route in router.router.routes)  # type: ignore[attr-defined]
    assert told == len(ASKED) - 1 + len(alive)  # all but openapi.json


def test_a_key_may_come_in_its_own_header_and_health_needs_none(client: TestClient) -> None:
    assert client.get("/v1/models", headers={"x-api-key": TOKENS["read"][0]}).status_code == 200
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
    assert client.get("/nothing").status_code == 401


def test_every_answer_is_sealed(client: TestClient) -> None:
    for answer in (client.get("/healthz"), client.get("/v1/models"), client.get("/v1/models", headers=bearer("read"))):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers


def test_pages_of_other_sites_are_kept_out(folder: Path, tmp_path: Path) -> None:
    body = {"history": ["i1"]}
    with client_of([folder], tmp_path / "events.db", origins=("https://shop.example",)) as client:
        for origin, status in (("https://evil.example", 403), ("null", 403), ("http://testserver", 200)):
            assert client.post("/v1/recommend", json=body, headers={"origin": origin}).status_code == status
        answer = client.post("/v1/recommend", json=body, headers={"origin": "https://shop.example"})
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        asked = {"origin": "https://shop.example", "access-control-request-method": "POST"}
        assert client.options("/v1/recommend", headers=asked).status_code == 200
        assert client.get("/v1/models", headers={"host": "rebound.example"}).status_code == 403
        assert client.get("/v1/models", headers={"host": "localhost:8000"}).status_code == 200


def test_bodies_are_bounded(folder: Path, tmp_path: Path) -> None:
    with client_of([folder], tmp_path / "events.db", max_body=2_000) as client:
        head = {"content-type": "application/json"}
        assert client.post("/v1/recommend", content=b"x" * 2_001, headers=head).status_code == 413
        assert client.post("/v1/recommend", content=(b"x" * 500 for _ in range(5)), headers=head).status_code == 413
        assert client.post("/v1/recommend", json={"history": ["i1"]}).status_code == 200


def test_a_client_that_asks_too_often_waits(folder: Path, tmp_path: Path) -> None:
    with client_of([folder], tmp_path / "events.db", KEYS, rate=0.01) as client:
        found = [client.get("/v1/models", headers=bearer("read")) for _ in range(2)]
        assert [answer.status_code for answer in found] == [200, 429]
        assert int(found[1].headers["retry-after"]) > 1
        assert client.get("/v1/models", headers=bearer("write")).status_code == 200
        assert [client.get("/v1/models", headers={"x-api-key": f"guess {i}"}).status_code for i in range(2)] == [
            401,
            429,
        ]
        assert client.get("/healthz").status_code == 200


def test_a_bucket_fills_at_the_rate() -> None:
    clock = [0.0]
    rates = Rates(2.0, lambda: clock[0])
    assert [rates.wait("a") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    clock[0] = 0.5
    assert [rates.wait("a"), rates.wait("a"), rates.wait("b")] == [0, 0.5, 0]
    for client in range(CLIENTS + 5):
        rates.wait(str(client))
    assert len(rates._buckets) == CLIENTS


def test_too_many_at_once_are_refused(client: TestClient) -> None:
    gate = client.app
    gate.busy = gate.settings.concurrency  # type: ignore[attr-defined]
    answer = client.get("/v1/models", headers=bearer("read"))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:foretaste:problem:busy")
    assert client.get("/healthz").status_code == 200


def test_an_open_service_needs_keys_or_a_clear_word() -> None:
    for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9"):
        Settings(host=host).check(has_keys=False)
        assert Settings(host=host).rate_limit == 0
    for host in ("0.0.0.0", "::", "192.168.1.1", "shop.example", "localhost.evil.example"):
        with pytest.raises(ConfigError, match="without API keys"):
            Settings(host=host).check(has_keys=False)
        Settings(host=host).check(has_keys=True)
        Settings(host=host, insecure=True).check(has_keys=False)
        assert Settings(host=host).rate_limit == RATE_ELSEWHERE


def test_keys_are_kept_as_digests(tmp_path: Path) -> None:
    token, key = new_key("shop", "write")
    assert token not in key.line()
    file = tmp_path / "keys.txt"
    file.write_text(f"# our keys\n\n{key.line()}\n")
    keys = read_keys(file, {"FORETASTE_KEYS": Key("ops", "admin", digest_of("other")).line()})
    assert keys.owner(token) == key
    assert keys.owner("other").name == "ops"  # type: ignore[union-attr]
    assert keys.owner(key.digest) is None
    assert keys.owner("\udcff") is None


@pytest.mark.parametrize("line", ["", "ft_abc", "shop:write:secret", f"shop:owner:{'0' * 64}", f"a b:read:{'0' * 64}"])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, line: str) -> None:
    file = tmp_path / "keys.txt"
    file.write_text(line)
    with pytest.raises(ConfigError) as caught:
        read_keys(file, {})
    assert "secret" not in str(caught.value)


def test_the_command_line_makes_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "keys.txt"
    for name in ("a", "b"):
        assert run(["key", "--name", name, "--role", "read", "--file", str(file)]) == 0
        token = capsys.readouterr().out.strip()
        assert read_keys(file, {}).owner(token).name == name  # type: ignore[union-attr]
    assert file.stat().st_mode & 0o077 == 0
    assert run(["key", "--name", "a", "--role", "raed", "--file", str(file)]) == 2
