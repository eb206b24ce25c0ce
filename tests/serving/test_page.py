"""The page's files: what comes with them, what stays outside, and that they are in the wheel."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from http_fakes import write_model
from starlette.testclient import TestClient

import foretaste
from foretaste.core.errors import ConfigError
from foretaste.serving.engine import Engine
from foretaste.serving.events.store import EventStore
from foretaste.serving.http.app import create_app
from foretaste.serving.http.keys import Keys, new_key
from foretaste.serving.http.routes_page import PUBLIC, page_router
from foretaste.serving.http.settings import Settings
from foretaste.serving.page.files import page_files

pytestmark = pytest.mark.usefixtures("fake_recipe")

TOKEN, KEY = new_key("reader", "read")
STATIC = Path(foretaste.__file__).parent / "serving" / "page" / "static"


def page_client(folder: Path, tidy: Path, keys: Keys | None = None, settings: Settings | None = None) -> TestClient:
    """A client of the service as the command line starts it."""
    engines = {"one": (Engine.open(write_model(folder / "one", tidy), name="one"), folder / "one")}
    known = settings or Settings()
    store = EventStore(str(folder / "events.db"))
    return TestClient(create_app(engines, store, settings=known, keys=keys, more=[page_router(known)], public=PUBLIC))


@pytest.fixture
def client(tmp_path: Path, tidy: Path) -> Iterator[TestClient]:
    with page_client(tmp_path, tidy) as found:
        yield found


def test_every_file_has_its_kind_a_tag_and_a_strict_policy(client: TestClient) -> None:
    kinds = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
    kinds["js"] = "text/javascript; charset=utf-8"
    names = [name for name in page_files() if name != "index.html"]
    assert len(names) > 20
    for path in ("/", *(f"/page/{name}" for name in names)):
        answer = client.get(path)
        suffix = "html" if path == "/" else path.rpartition(".")[2]
        assert (answer.status_code, answer.headers["content-type"]) == (200, kinds[suffix]), path
        assert answer.content == (STATIC / ("index.html" if path == "/" else path.removeprefix("/page/"))).read_bytes()
        assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["etag"])
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        rules = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
        assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == rules["img-src"] == rules["connect-src"] == "'self'"
        assert rules["require-trusted-types-for"] == "'script'"


def test_a_copy_that_is_still_good_is_not_sent_again(client: TestClient) -> None:
    for path in ("/", "/page/main.js", "/page/settings.json"):
        tag = client.get(path).headers["etag"]
        for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = client.get(path, headers={"if-none-match": held})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        answer = client.get(path, headers={"if-none-match": '"other"'})
        assert (answer.status_code, len(answer.content) > 10) == (200, True)
        head = client.head(path)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


@pytest.mark.parametrize(
    "path",
    [
        "/page/",
        "/page/index.html",
        "/page/nothing.js",
        "/page/files.py",
        "/page/../files.py",
        "/page/%2e%2e/files.py",
        "/page/..%2ffiles.py",
        "/page/..%5cfiles.py",
        "/page/%2fetc%2fpasswd",
        "/page//etc/passwd",
        "/page/main.js%00",
        "/page/main.js/",
        "/page/static/main.js",
    ],
)
def test_no_request_leads_to_another_file(client: TestClient, path: str) -> None:
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "etag" not in answer.headers
    assert client.post("/").status_code == 405


def test_the_page_is_open_and_its_data_are_not(tmp_path: Path, tidy: Path) -> None:
    with page_client(tmp_path, tidy, Keys([KEY])) as client:
        for path in ("/", "/page/main.js", "/page/settings.json"):
            assert client.get(path).status_code == client.head(path).status_code == 200
            assert client.post(path).status_code == 401
        for path in ("/v1/models", "/v1/models/one/map", "/v1/models/one/evaluation", "/openapi.json", "/pages"):
            assert client.get(path).status_code == 401
        assert client.get("/v1/models", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_images_come_from_named_origins_only(tmp_path: Path, tidy: Path) -> None:
    origin = "https://images.shop.example"
    with page_client(tmp_path, tidy, settings=Settings(images=(origin,))) as client:
        assert f"img-src 'self' {origin};" in client.get("/").headers["content-security-policy"]
        assert client.get("/page/settings.json").json()["images"] == [origin]
    for wrong in (
        "*",
        "https://a.example; script-src *",
        "data:",
        "https://a.example/x",
        "https://a b",
        "shop.example",
        "",
    ):
        with pytest.raises(ConfigError, match="no origin"):
            Settings(images=(wrong,)).check(has_keys=False)


def test_the_page_asks_nobody_else_and_reads_no_text_as_html() -> None:
    for name, file in page_files().items():
        text = file.content.decode()
        outside = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", text)) - {"http://www.w3.org/2000/svg"}
        assert not outside, name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            name
        )
        if name.endswith(".html"):
            assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)", text), name
        for asked in re.findall(r"(?:from|import) \"\./([\w-]+\.js)\"", text) + re.findall(
            r"\"/page/([\w.-]+)\"", text
        ):
            assert asked in page_files() or asked == "settings.json", (name, asked)


def test_every_module_is_used() -> None:
    texts = {name: file.content.decode() for name, file in page_files().items()}
    for name in texts:
        assert name == "index.html" or any(name in text for other, text in texts.items() if other != name), name


def test_the_wheel_has_every_file(tmp_path: Path) -> None:
    builders = pytest.importorskip("hatchling.builders.wheel")
    root = STATIC.parents[4]
    if not (root / "pyproject.toml").is_file():
        pytest.skip("this is no checkout, so there is nothing to build")
    (wheel,) = builders.WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        held = {
            name.removeprefix("foretaste/serving/page/static/") for name in archive.namelist() if "/static/" in name
        }
        assert held == set(page_files())
        assert archive.read("foretaste/serving/page/static/main.js") == page_files()["main.js"].content
