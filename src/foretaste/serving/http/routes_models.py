"""The models: what they are, a new version, the way back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from foretaste.serving.http.fleet import Slot
from foretaste.serving.http.service import needs, reply, service_of

router = APIRouter(tags=["models"])
ADMIN = [Depends(needs("admin"))]

Name = Annotated[str, Path(min_length=1, max_length=256)]


@router.get("/v1/models", response_model=dict[str, Any], dependencies=[Depends(needs("read"))])
async def models(request: Request) -> Response:
    """Every model: recipe, version, counts, metrics, share of the traffic."""
    return reply({"models": [_about(slot) for slot in service_of(request).fleet.slots.values()]})


@router.get("/v1/models/{name}", response_model=dict[str, Any], dependencies=[Depends(needs("read"))])
async def model(name: Name, request: Request) -> Response:
    """One model."""
    return reply(_about(service_of(request).fleet.slot(name)))


@router.get("/v1/models/{name}/evaluation", response_model=dict[str, Any], dependencies=[Depends(needs("read"))])
async def evaluation(name: Name, request: Request) -> Response:
    """What was measured of one model, group by group, and the course of its training."""
    slot = service_of(request).fleet.slot(name)
    return reply({"model": slot.name, "version": slot.current.digest, **slot.current.engine.record})


@router.get("/v1/models/{name}/map", response_model=dict[str, Any], dependencies=[Depends(needs("read"))])
async def plane(name: Name, request: Request) -> Response:
    """Where its items lie in the plane, column by column, 3,000 of them at the most and 200 that came later.

    ``drawing`` says that a better layout (t-SNE) is on its way: ask again after some seconds.
    """
    service = service_of(request)
    slot = service.fleet.slot(name)
    version = slot.current
    return reply({"model": slot.name, "version": version.digest, **await service.maps.map_of(version.engine)})


@router.post("/v1/models/{name}/reload", response_model=dict[str, Any], dependencies=ADMIN)
async def reload(name: Name, request: Request) -> Response:
    """Reads the model's folder again; requests on the way are answered by the old version, none is lost."""
    return reply(_versions(await service_of(request).fleet.reload(name)))


@router.post("/v1/models/{name}/rollback", response_model=dict[str, Any], dependencies=ADMIN)
async def rollback(name: Name, request: Request) -> Response:
    """Lets the version before the last reload answer again."""
    return reply(_versions(await service_of(request).fleet.rollback(name)))


def _about(slot: Slot) -> dict[str, Any]:
    return {**slot.current.engine.info(), **_versions(slot), "name": slot.name, "share": slot.weight}


def _versions(slot: Slot) -> dict[str, Any]:
    previous = None if slot.previous is None else slot.previous.digest
    return {"name": slot.name, "version": slot.current.digest, "previous_version": previous}
