"""A shorter way to routes that are asked often: one body, read straight from its bytes, and no router in between.

The framework looks for the route, reads a body into objects, those into a model, and looks for further arguments at
every request; that costs as much as a small model's forward. Whatever is not plainly right takes the framework's way,
so every refusal is its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_type_hints

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from foretaste.core.errors import ForetasteError
from foretaste.serving.http.gate import BODY, LEVEL
from foretaste.serving.http.keys import ROLES
from foretaste.serving.http.problems import Problem, as_problem


class Quick:
    """ASGI middleware between the gate, which has read the body, and the framework.

    Args:
        app: The framework's app, which has these routes as well.
        routes: POST routes for keys with the role ``read`` whose endpoints take ``body``, a model, and ``request``, and
            answer with a response.
    """

    def __init__(self, app: FastAPI, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        self._routes = {route.path: (route, _body_of(route)) for route in routes if isinstance(route, APIRoute)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        answer = await self._answer(scope) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (answer or self.app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        """The answer, or None for what the framework should look at."""
        route, model = self._routes.get(scope["path"], (None, None))
        if route is None or model is None or scope.get(LEVEL, 0) < ROLES["read"] or not _is_json(scope):
            return None
        try:
            body = model.model_validate_json(scope.get(BODY, b""))
        except ValidationError:
            return None
        scope["app"], scope["route"] = self.app, route
        try:
            answer: Response = await route.endpoint(body, Request(scope))
        except Problem as problem:
            return problem.response()
        except ForetasteError as error:
            return as_problem(error).response()
        return answer


def _body_of(route: APIRoute) -> type[BaseModel]:
    model: type[BaseModel] = get_type_hints(route.endpoint)["body"]
    return model


def _is_json(scope: Scope) -> bool:
    told: bytes = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return told.partition(b";")[0].strip().lower() == b"application/json"
