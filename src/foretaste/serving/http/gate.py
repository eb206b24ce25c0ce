"""What every request passes before the app sees it: who asks, how often, how much, and how the answer is sealed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foretaste.serving.http.keys import ROLES, Key, Keys
from foretaste.serving.http.metrics import Metrics
from foretaste.serving.http.problems import INSIDE, Problem, log
from foretaste.serving.http.rates import Rates
from foretaste.serving.http.settings import Settings

ALIVE = frozenset({"/healthz", "/readyz"})
"""Open to everybody and never refused for being busy."""

LEVEL = "foretaste.level"
"""Where in the scope a request's role stands, as a number."""

BODY = "foretaste.body"
"""Where in the scope a request's whole body stands, if it has one."""

SEAL = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Headers of every answer that does not set them itself."""

_SEAL = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in SEAL.items()]


class Gate:
    """ASGI middleware around the whole app.

    Args:
        app: What is inside.
        settings: Limits.
        keys: Who may ask; none: everybody.
        metrics: What is counted.
        public: Paths that need no key, those of the page.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, keys: Keys, metrics: Metrics, public: Iterable[str] = ()
    ) -> None:
        self.app, self.settings, self.keys, self.metrics = app, settings, keys, metrics
        self.public = tuple(public)
        self.rates, self.local = Rates(settings.rate_limit), settings.local
        self.busy = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        began = time.perf_counter()
        answer = _Sealed(send)
        self.busy += 1
        try:
            await self._pass(scope, receive, answer)
        except Problem as problem:
            await problem.response()(scope, receive, answer)
        except Exception:
            log.exception("a request failed")
            if answer.status and not answer.finished:
                raise
            if not answer.status:
                await INSIDE.response()(scope, receive, answer)
        finally:
            self.busy -= 1
            self._count(scope, answer.status, time.perf_counter() - began)

    async def _pass(self, scope: Scope, receive: Receive, answer: Send) -> None:
        if scope["path"] in ALIVE:
            scope[LEVEL] = 0
            await self.app(scope, receive, answer)
            return
        headers = _headers(scope)
        if self.busy > self.settings.concurrency:
            raise Problem(503, "too many requests are being worked on", kind="busy", headers={"Retry-After": "1"})
        self._check_site(headers)
        key = self._who(scope, headers)
        address = (scope.get("client") or ("unknown",))[0]
        wait = self.rates.wait(f"key {key.name}" if key else f"address {address}")
        if wait:
            raise Problem(429, "too many requests", headers={"Retry-After": str(int(wait) + 1)})
        if len(self.keys) and key is None and not self._is_public(scope):
            raise Problem(401, "an API key is needed", headers={"WWW-Authenticate": "Bearer"})
        scope[LEVEL] = key.level if key else 0 if len(self.keys) else ROLES["admin"]
        await self.app(scope, await self._whole(scope, headers, receive), answer)

    def _is_public(self, scope: Scope) -> bool:
        path = scope["path"]
        return scope["method"] in ("GET", "HEAD") and any(
            path == one or (one.endswith("/") and one != "/" and path.startswith(one)) for one in self.public
        )

    def _who(self, scope: Scope, headers: Mapping[bytes, str]) -> Key | None:
        """The key of the request; None when it has none or a wrong one."""
        scheme, _, token = headers.get(b"authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else headers.get(b"x-api-key", "")
        return self.keys.owner(token) if token else None

    def _check_site(self, headers: Mapping[bytes, str]) -> None:
        """Keeps web pages of other sites out: a browser sends their origin along, or a name that was bent to us."""
        host = headers.get(b"host", "")
        origin = headers.get(b"origin")
        if origin is not None and origin not in self.settings.origins and urlsplit(origin).netloc != host:
            raise Problem(403, "pages of this origin may not ask", kind="foreign-origin")
        if not len(self.keys) and self.local and _name(host) not in LOCAL:
            raise Problem(403, "this service is for this machine only", kind="foreign-host")

    async def _whole(self, scope: Scope, headers: Mapping[bytes, str], receive: Receive) -> Receive:
        """The whole body, within its limits, as something that the app can receive."""
        length = headers.get(b"content-length", "0")
        if not length.isascii() or not length.isdigit() or len(length) > 12 or int(length) > self.settings.max_body:
            raise self._too_large()
        if scope["method"] in ("GET", "HEAD") and length == "0" and b"transfer-encoding" not in headers:
            return receive
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                await self._read(receive, parts)
        except TimeoutError:
            raise Problem(408, "the body did not come in time", headers={"Connection": "close"}) from None
        body = scope[BODY] = b"".join(parts)
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return waiting.pop() if waiting else await receive()

        return again

    async def _read(self, receive: Receive, parts: list[bytes]) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Problem(408, "the client has gone")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
            if size > self.settings.max_body:
                raise self._too_large()

    def _too_large(self) -> Problem:
        allowed = f"at most {self.settings.max_body:,} bytes"
        return Problem(413, "the body is too large", allowed=allowed, headers={"Connection": "close"})

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.metrics.child(self.metrics.requests, method, route, str(status)).inc()
        self.metrics.child(self.metrics.seconds, route).observe(seconds)
        self.metrics.in_flight.set(self.busy)


METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"})
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]", "testserver"})
"""Names by which this machine calls itself (the last one in tests)."""


def _headers(scope: Scope) -> dict[bytes, str]:
    """A request's headers by their lower-case names; of several with one name the first counts."""
    return {name: value.decode("latin-1") for name, value in reversed(scope["headers"])}


def _name(host: str) -> str:
    """A host without its port."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host


class _Sealed:
    """Sends an answer with the headers of :data:`SEAL`, and remembers its status and whether it is complete."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.finished = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            message["headers"] = given + [header for header in _SEAL if header[0] not in names]
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.finished = True
