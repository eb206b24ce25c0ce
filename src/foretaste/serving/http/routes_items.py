"""The catalogue: look, find, put in, take out."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from foretaste.serving.events.event import LONGEST_ID
from foretaste.serving.http.answers import ListOut
from foretaste.serving.http.bodies import MOST_ITEMS, ItemIn
from foretaste.serving.http.fleet import Slot
from foretaste.serving.http.problems import Problem
from foretaste.serving.http.service import Service, listed, needs, reply, service_of

router = APIRouter(tags=["items"])
READ, WRITE = [Depends(needs("read"))], [Depends(needs("write"))]

ItemId = Annotated[str, Path(min_length=1, max_length=LONGEST_ID)]
K = Annotated[int, Query(ge=1, le=MOST_ITEMS)]
Model = Annotated[str | None, Query(max_length=LONGEST_ID, description="Default: the first.")]
Details = Annotated[bool, Query(description="Whether each item comes with what the catalogue has of it.")]


@router.get("/v1/items/{item_id:path}/similar", response_model=ListOut, dependencies=READ)
async def similar(
    item_id: ItemId, request: Request, k: K = 10, model: Model = None, details: Details = False
) -> Response:
    """Items whose vectors point most nearly the same way."""
    slot = _slot(service_of(request), model)
    engine = slot.current.engine
    if not engine.has_item(item_id):
        raise _unknown()
    found = await asyncio.to_thread(engine.similar, item_id, k)
    return reply({"items": listed(engine, found, details=details), "model": slot.name})


@router.get("/v1/items/{item_id:path}", response_model=dict[str, Any], dependencies=READ)
async def item(item_id: ItemId, request: Request) -> Response:
    """What the catalogue has of an item."""
    engines = service_of(request).fleet.knows(item_id)
    if not engines:
        raise _unknown()
    return reply(engines[0].item(item_id))


@router.get("/v1/search", response_model=ListOut, dependencies=READ)
async def search(
    q: Annotated[str, Query(min_length=1, max_length=1_000)],
    request: Request,
    k: K = 10,
    model: Model = None,
    details: Details = False,
) -> Response:
    """Items whose titles fit some words; a word may be only begun."""
    slot = _slot(service_of(request), model)
    engine = slot.current.engine
    found = await asyncio.to_thread(engine.search, q, k)
    return reply({"items": listed(engine, found, details=details), "model": slot.name})


@router.post("/v1/items", response_model=dict[str, Any], status_code=201, dependencies=WRITE)
async def add(body: ItemIn, request: Request) -> Response:
    """Takes a new item in by its text; it is recommended and found from now on, without training.

    Models that read no texts cannot know it; the answer says which ones do. The item stays through restarts.
    """
    service = service_of(request)
    if service.fleet.knows(body.item_id):
        raise Problem(
            409, "there is such an item already", kind="item-exists", mend="delete it first, or take another id"
        )
    refused = await service.fleet.change([(0, body.item_id, body.attributes())])
    models = {name: why.get(body.item_id, "added") for name, why in refused.items()}
    if not service.fleet.knows(body.item_id):
        await service.fleet.change([(0, body.item_id, None)])
        raise Problem(422, "no model can take the item in", kind="item-refused", models=models)
    try:
        await asyncio.to_thread(service.store.change_items, [(body.item_id, body.attributes())])
    except Exception:
        await service.fleet.change([(0, body.item_id, None)])
        raise
    return reply({"item_id": body.item_id, "models": models}, 201)


@router.delete("/v1/items/{item_id:path}", response_model=dict[str, Any], dependencies=WRITE)
async def remove(item_id: ItemId, request: Request) -> Response:
    """Takes an item out: it is not recommended or found any longer; histories may still hold it."""
    service = service_of(request)
    if not service.fleet.knows(item_id):
        raise _unknown()
    await asyncio.to_thread(service.store.change_items, [(item_id, None)])
    await service.fleet.change([(0, item_id, None)])
    return reply({"item_id": item_id, "removed": True})


def _slot(service: Service, model: str | None) -> Slot:
    return next(iter(service.fleet.slots.values())) if model is None else service.fleet.slot(model, status=422)


def _unknown() -> Problem:
    return Problem(404, "there is no such item", kind="unknown-item")
