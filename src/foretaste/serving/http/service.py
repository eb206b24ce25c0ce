"""What the routes share: models, events, and how an answer is written."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from pydantic_core import to_json
from starlette.responses import Response

from foretaste.serving.engine import Engine
from foretaste.serving.events.store import EventStore
from foretaste.serving.events.writer import EventWriter
from foretaste.serving.http.bodies import Wanted
from foretaste.serving.http.fleet import Fleet, Slot
from foretaste.serving.http.gate import LEVEL
from foretaste.serving.http.keys import ROLES
from foretaste.serving.http.maps import Maps
from foretaste.serving.http.metrics import Metrics
from foretaste.serving.http.problems import Problem
from foretaste.serving.http.settings import Settings
from foretaste.serving.recommendations import Recommendations


@dataclass
class Service:
    """Everything that lives as long as the app.

    Attributes:
        fleet: The models.
        store: The events.
        writer: Writes them.
        settings: Limits.
        metrics: What is counted.
        maps: The maps of the models' items.
        seen_change: Number of the last change of items that was followed.
    """

    fleet: Fleet
    store: EventStore
    writer: EventWriter
    settings: Settings
    metrics: Metrics
    maps: Maps = field(default_factory=Maps)
    seen_change: int = 0

    async def history(self, wanted: Wanted) -> list[str]:
        """The history given, or that of the user's events."""
        if wanted.history is not None or wanted.user_id is None:
            return wanted.history or []
        events = await asyncio.to_thread(self.store.history, wanted.user_id, self.settings.history)
        return [event.item_id for event in events]

    async def answer(self, slot: Slot, wanted: Wanted, history: list[str]) -> dict[str, Any]:
        """One model's answer to a question."""
        version = slot.current
        query = wanted.query(history, knows_users=version.engine.saved.users is not None)
        found = await version.batcher.ask(query)
        self.metrics.child(self.metrics.recommended, slot.name, found.fallback or "none").inc()
        return {
            "items": listed(version.engine, found, details=wanted.details),
            "model": slot.name,
            "version": version.digest,
            "fallback": found.fallback,
            "unknown": found.unknown,
            "notes": found.notes,
        }

    async def follow(self) -> None:
        """Takes over the changes of items that other processes made."""
        changes = await asyncio.to_thread(self.store.item_changes, self.seen_change)
        if changes:
            await self.fleet.change(changes)
            self.seen_change = max(self.seen_change, changes[-1][0])


def service_of(request: Request) -> Service:
    """The service of the app that got the request."""
    found: Service = request.app.state.service
    return found


def needs(role: str) -> Any:
    """A dependency that lets only keys of this role, or one above, pass."""

    async def check(request: Request) -> None:
        if request.scope.get(LEVEL, 0) < ROLES[role]:
            raise Problem(403, f"this needs a key with the role {role!r}", kind="wrong-role")

    check.role = role  # type: ignore[attr-defined]
    return check


def listed(engine: Engine, found: Recommendations, *, details: bool) -> list[dict[str, Any]]:
    """Items for an answer, on request with what the catalogue has of each; nothing of one that went a moment ago."""
    items = [one.as_dict() for one in found]
    if not details:
        return items
    return [{**one, "details": _details(engine, one["item_id"])} for one in items]


def _details(engine: Engine, item_id: str) -> dict[str, Any]:
    return engine.item(item_id) if engine.has_item(item_id) else {}


def reply(content: Mapping[str, Any], status: int = 200) -> Response:
    """An answer as JSON; what JSON cannot say becomes null (NaN) or text (dates), half a character a question mark."""
    try:
        body = to_json(content, inf_nan_mode="null", fallback=str)
    except ValueError:
        body = json.dumps(_plain(content), allow_nan=False, separators=(",", ":"), default=str).encode("utf-8")
    return Response(body, status, media_type="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return None if isinstance(value, float) and not math.isfinite(value) else value
