"""What people did: taken in durably, shown, and deleted."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from foretaste.serving.events.event import CONFLICT, LONGEST_ID, Event, Outcome, checked_id, new_event_id
from foretaste.serving.http.answers import HistoryOut, OutcomeOut, OutcomesOut
from foretaste.serving.http.bodies import EventIn, EventsIn
from foretaste.serving.http.problems import Problem
from foretaste.serving.http.service import Service, needs, reply, service_of

router = APIRouter(tags=["events"])

UserId = Annotated[str, Path(min_length=1, max_length=LONGEST_ID)]


@router.post("/v1/events", response_model=OutcomeOut | OutcomesOut, dependencies=[Depends(needs("write"))])
async def add_events(body: EventIn | EventsIn, request: Request) -> Response:
    """Stores one event or several; the answer comes when they are on disk, and the next recommendation knows them.

    An event sent again under its id is answered with ``duplicate``; an id that another event has, with 409 (in a batch
    with ``conflict``, while the others are stored).
    """
    service = service_of(request)
    now = int(time.time() * 1000)
    if isinstance(body, EventsIn):
        outcomes = await _stored(service, [_event(one, now) for one in body.events])
        return reply({"events": [vars(outcome) for outcome in outcomes]})
    (outcome,) = await _stored(service, [_event(body, now)])
    if outcome.status == CONFLICT:
        raise Problem(409, "another event has this id", kind="event-conflict")
    return reply(vars(outcome))


@router.get("/v1/users/{user_id:path}/history", response_model=HistoryOut, dependencies=[Depends(needs("read"))])
async def history(user_id: UserId, request: Request, limit: Annotated[int, Query(ge=1, le=1_000)] = 200) -> Response:
    """A user's last events, oldest first."""
    service = service_of(request)
    events = await asyncio.to_thread(service.store.history, checked_id("user_id", user_id), limit)
    return reply({"user_id": user_id, "events": [_shown(event) for event in events]})


@router.delete(
    "/v1/users/{user_id:path}/history", dependencies=[Depends(needs("write"))], response_model=dict[str, int]
)
async def forget(user_id: UserId, request: Request) -> Response:
    """Deletes everything that is kept of a user, for good."""
    service = service_of(request)
    checked_id("user_id", user_id)
    deleted = await asyncio.wrap_future(service.writer.then(lambda: service.store.forget(user_id)))
    return reply({"deleted": deleted})


async def _stored(service: Service, events: list[Event]) -> list[Outcome]:
    outcomes = await asyncio.wrap_future(service.writer.submit(events))
    for outcome in outcomes:
        service.metrics.events.labels(outcome.status).inc()
    return outcomes


def _event(body: EventIn, now: int) -> Event:
    at = now if body.timestamp is None else round(body.timestamp * 1000)
    return Event(body.user_id, body.item_id, at, body.event_id or new_event_id(), body.kind, body.rating)


def _shown(event: Event) -> dict[str, Any]:
    about = {"event_id": event.event_id, "item_id": event.item_id, "kind": event.kind}
    return {**about, "timestamp": event.timestamp / 1000, "rating": event.rating}
