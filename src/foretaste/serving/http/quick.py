"""A shorter way to a route that is asked often: one body, read straight from its bytes.

The framework reads a body into objects, those into a model, and looks for further arguments at every request; that
costs as much as a small model's forward. Whatever is not plainly right takes the framework's way, so every refusal is
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from foretaste.serving.http.gate import BODY, LEVEL, headers_of
from foretaste.serving.http.keys import ROLES


class QuickRoute(APIRoute):
    """A route for keys with the role ``read`` whose endpoint takes ``body``, a model, and ``request``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        usual, endpoint = super().get_route_handler(), self.endpoint
        model: type[BaseModel] = get_type_hints(endpoint)["body"]

        async def handle(request: Request) -> Response:
            if request.scope.get(LEVEL, 0) < ROLES["read"] or not _is_json(request):
                return await usual(request)
            try:
                body = model.model_validate_json(request.scope.get(BODY, b""))
            except ValidationError:
                return await usual(request)
            answer: Response = await endpoint(body, request)
            return answer

        return handle


def _is_json(request: Request) -> bool:
    told = headers_of(request.scope).get(b"content-type", "")
    return told.partition(";")[0].strip().lower() == "application/json"
