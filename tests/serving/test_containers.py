"""What Dockerfile and compose.yaml name exists: commands, options, routes, files, extras, secrets and volumes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from http_fakes import client_of, write_model

from foretaste.cli.main import app
from foretaste.serving.events.database import DIALECTS, open_engine
from foretaste.serving.http.server import GRACE

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICE: dict[str, Any] = COMPOSE["services"]["foretaste"]


def parsed(arguments: list[str]) -> dict[str, Any]:
    """What the command line would make of them; an option that there is not is an error."""
    context: Any = app.make_context("foretaste", arguments[:1])
    name, command, rest = app.resolve_command(context, arguments)
    return dict(command.make_context(name, rest, parent=context).params)


def test_the_command_is_one_of_the_command_line() -> None:
    told = parsed(SERVICE["command"])
    assert told["folders"] == ["/models/sasrec"]
    assert told["host"] == "0.0.0.0"
    assert str(told["keys"]).startswith("/run/secrets/")
    inside = SERVICE["ports"][0].rpartition(":")[2]
    assert inside == str(told["port"])
    assert f"EXPOSE {inside}" in DOCKERFILE


def test_secrets_volumes_and_hosts_are_declared() -> None:
    told = parsed(SERVICE["command"])
    assert Path(told["keys"]).name in SERVICE["secrets"]
    assert set(SERVICE["secrets"]) <= set(COMPOSE["secrets"])
    named = [one.partition(":")[0] for service in COMPOSE["services"].values() for one in service["volumes"]]
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE["volumes"])
    mounted = {one.split(":")[1] for one in SERVICE["volumes"]}
    assert {"/models", "/data"} == mounted
    url = open_engine(told["events"]).url
    database = COMPOSE["services"][url.host]
    assert (url.username, url.database) == (
        database["environment"]["POSTGRES_USER"],
        database["environment"]["POSTGRES_DB"],
    )
    assert url.password is None
    assert url.get_backend_name() in DIALECTS
    assert SERVICE["depends_on"][url.host]["condition"] == "service_healthy"
    assert database["healthcheck"]["test"][1] == "pg_isready"
    password = database["environment"]["POSTGRES_PASSWORD"]
    assert SERVICE["environment"]["PGPASSWORD"] == password
    assert ":?" in password


def test_there_is_time_to_finish_what_was_begun() -> None:
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) > GRACE


def test_nothing_runs_as_root_or_writes_where_it_need_not() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    assert re.search(r"^USER 10001$", stages[-1], re.M)
    assert stages[-1].index("USER 10001") < stages[-1].index("ENTRYPOINT")
    assert (SERVICE["read_only"], SERVICE["cap_drop"]) == (True, ["ALL"])
    assert all(port.startswith("127.0.0.1:") for port in SERVICE["ports"])


def test_the_image_is_made_of_what_there_is() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.M):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert f"!{name}" in ignored
    extras = re.search(r"'\.\[(.+)\]'", DOCKERFILE)
    assert extras is not None
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras[1].split(",")) <= set(known)
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"ARG TORCH=(\S+)\+cpu", DOCKERFILE)[1] in makefile  # type: ignore[index]


def test_the_health_check_asks_a_route_that_answers(tmp_path: Path, tidy: Path, fake_recipe: object) -> None:
    path = re.search(r"http://127\.0\.0\.1:8000(/\w+)", DOCKERFILE)
    assert path is not None
    with client_of([write_model(tmp_path / "one", tidy)], tmp_path / "events.db") as client:
        assert client.get(path[1]).status_code == 200


def test_the_commands_in_the_comments_are_right() -> None:
    text = DOCKERFILE + (ROOT / "compose.yaml").read_text()
    commands = re.findall(r"^#   foretaste (.+)$", text, re.M)
    assert len(commands) >= 2
    for command in commands:
        parsed(command.split())
    inside = re.search(r"^#       (serve .+)$", DOCKERFILE, re.M)
    assert inside is not None
    assert parsed(inside[1].split())["events"] == "/data/events.db"
