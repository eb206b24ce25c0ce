"""The short way to a route answers what the framework's way answers, and refuses through it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Message

from foretaste.core.errors import DataError
from foretaste.serving.http.gate import BODY, LEVEL, SEAL, _Sealed
from foretaste.serving.http.keys import ROLES
from foretaste.serving.http.metrics import Metrics
from foretaste.serving.http.problems import Problem, install
from foretaste.serving.http.quick import Quick
from foretaste.serving.http.service import reply


class Asked(BaseModel):
    history: list[str]
    k: int = Field(10, ge=1)


def client(*, quick: bool, level: int = ROLES["read"]) -> TestClient:
    """An app with one route of either kind, and everybody at that level."""
    router = APIRouter()

    @router.post("/ask")
    async def ask(body: Asked, request: Request) -> Response:
        if body.history == ["problem"]:
            raise Problem(409, "there is one")
        if body.history == ["unfit"]:
            raise DataError("it does not fit", allowed="something else")
        return reply({"history": body.history, "k": body.k, "path": request.url.path})

    app = FastAPI()
    install(app)
    app.include_router(router)
    inside = Quick(app, router.routes) if quick else app

    async def levelled(scope: Any, receive: Any, send: Any) -> None:
        """What the gate does: a role, and the whole body."""
        body = b""
        while scope["type"] == "http":
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        waiting = [{"type": "http.request", "body": body}]

        async def again() -> Any:
            return waiting.pop() if waiting else await receive()

        await inside(scope | {LEVEL: level, BODY: body}, again, send)

    return TestClient(levelled, raise_server_exceptions=False)


BODIES = [
    '{"history": ["a", "b"], "k": 3}',
    '{"history": []}',
    '{"history": ["caf\\u00e9", "\\ud83d\\ude00"]}',
    '{"history": ["\\ud800"]}',
    '{"history": ["a"], "k": 0}',
    '{"history": ["problem"]}',
    '{"history": ["unfit"]}',
    '{"history": "a"}',
    "[]",
    "",
    "{",
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "text/plain"])
def test_both_ways_answer_alike(body: str, kind: str) -> None:
    answers = [
        client(quick=quick).post("/ask", content=body, headers={"content-type": kind}) for quick in (True, False)
    ]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].json() == answers[1].json()


def test_who_may_not_ask_takes_the_usual_way() -> None:
    assert client(quick=True, level=0).post("/ask", json={"history": ["a"]}).status_code == 200, (
        "no role is asked there"
    )
    assert client(quick=True, level=0).post("/ask", json={"history": "a"}).status_code == 422


def test_what_json_cannot_say_is_null_or_text() -> None:
    assert reply({"score": float("nan"), "k": 1}).body == b'{"score":null,"k":1}'
    assert reply({"id": "\ud800"}).body == b'{"id":"?"}'


def test_an_answer_keeps_its_own_headers_and_gets_the_others() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    start = {"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"max-age=60")]}
    asyncio.run(_Sealed(send)(start))
    found = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    assert found == SEAL | {"cache-control": "max-age=60"}


def test_the_part_of_a_metric_is_found_once() -> None:
    metrics = Metrics()
    first = metrics.child(metrics.requests, "GET", "/x", "200")
    first.inc()
    assert metrics.child(metrics.requests, "GET", "/x", "200") is first
    assert b'foretaste_requests_total{method="GET",route="/x",status="200"} 1.0' in metrics.text()
