"""Errors as ``application/problem+json`` (RFC 9457): what is wrong, what is allowed, how to mend it; nothing inner."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from foretaste.core.errors import ForetasteError
from foretaste.serving.events.availability import EventsUnavailable
from foretaste.serving.index.qdrant_index import IndexUnavailable

log = logging.getLogger("foretaste.serving")

TITLES = {
    400: "bad-request",
    401: "no-key",
    403: "not-allowed",
    404: "not-found",
    405: "no-such-method",
    408: "too-slow",
    409: "conflict",
    413: "too-large",
    415: "not-json",
    422: "invalid",
    429: "too-many-requests",
    500: "internal",
    503: "unavailable",
}


class Problem(Exception):
    """An answer that is an error.

    Args:
        status: HTTP status.
        detail: What is wrong, for a person.
        kind: Last part of the problem's type; default: by status.
        headers: Headers of the answer.
        more: Further members of the document.
    """

    def __init__(
        self, status: int, detail: str, *, kind: str = "", headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        self.status, self.detail, self.kind = status, detail, kind or TITLES.get(status, "error")
        self.headers, self.more = dict(headers or {}), more
        super().__init__(detail)

    def response(self) -> Response:
        """The answer."""
        document = {
            "type": f"urn:foretaste:problem:{self.kind}",
            "title": self.kind.replace("-", " "),
            "status": self.status,
            "detail": self.detail,
            **{name: value for name, value in self.more.items() if value},
        }
        body = json.dumps(document, allow_nan=False).encode()
        return Response(body, self.status, self.headers, media_type="application/problem+json")


INSIDE = Problem(500, "something went wrong inside; the log says what")
"""All that a client is told of a bug."""


def as_problem(error: ForetasteError) -> Problem:
    """The problem that an error of ours is; where it was found stays inside, it may be a path."""
    if isinstance(error, EventsUnavailable):
        headers = {"Retry-After": str(error.retry_after)}
        return Problem(503, error.what, kind="events-unavailable", headers=headers, mend=error.mend)
    if isinstance(error, IndexUnavailable):
        return Problem(503, error.what, kind="index-unavailable", headers={"Retry-After": "1"}, mend=error.mend)
    return Problem(422, error.what, allowed=error.allowed, mend=error.mend)


def install(app: FastAPI) -> None:
    """Every error of the app becomes a problem."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(ForetasteError)
    async def _ours(request: Request, error: ForetasteError) -> Response:
        return as_problem(error).response()

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> Response:
        return INSIDE.response()

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        errors = [
            {"where": ".".join(map(_plain, one["loc"])), "message": _plain(one["msg"])} for one in error.errors()[:20]
        ]
        return Problem(422, "the request does not fit", errors=errors).response()

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 400:  # what the framework says of a body that it could not read at all
            return Problem(422, "the body is no JSON that could be read").response()
        return Problem(error.status_code, str(error.detail), headers=error.headers).response()


def _plain(part: object) -> str:
    """A key or message as it may be sent back: short, and never half a character."""
    return str(part)[:200].encode("utf-8", "replace").decode()
