"""The app: models, events and routes put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from foretaste import __version__
from foretaste.core.errors import ForetasteError
from foretaste.serving.engine import Engine
from foretaste.serving.events.availability import EventsUnavailable
from foretaste.serving.events.store import EventStore
from foretaste.serving.events.writer import EventWriter
from foretaste.serving.http import (
    routes_events,
    routes_health,
    routes_items,
    routes_models,
    routes_recommend,
)
from foretaste.serving.http.answers import PROBLEMS
from foretaste.serving.http.engines import open_readers
from foretaste.serving.http.fleet import Fleet
from foretaste.serving.http.gate import Gate
from foretaste.serving.http.keys import Keys
from foretaste.serving.http.metrics import Metrics
from foretaste.serving.http.problems import install, log
from foretaste.serving.http.quick import Quick
from foretaste.serving.http.service import Service, needs
from foretaste.serving.http.settings import Settings

ROUTES = (routes_recommend, routes_events, routes_items, routes_models, routes_health)

FOLLOW, PRUNE = 0.5, 3600.0
"""Seconds between looks for items that other replicas took in, and for events that are too old."""


def create_app(
    engines: Mapping[str, tuple[Engine, Path]],
    store: EventStore,
    *,
    settings: Settings | None = None,
    keys: Keys | None = None,
    more: Iterable[APIRouter] = (),
    public: Iterable[str] = (),
) -> ASGIApp:
    """The whole service as an ASGI app.

    Args:
        engines: Engines by the names that requests use, each with the folder it is reloaded from.
        store: The events; a database that is away now is found when it comes.
        settings: Limits.
        keys: Who may ask; none: everybody, as admin.
        more: Further routes, as those of a page.
        public: Paths that need no key; one that ends in a slash stands for all below it.
    """
    limits, metrics = settings or Settings(), Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        fleet = Fleet(engines, limits, metrics)
        service = Service(fleet, store, EventWriter(store), limits, metrics)
        app.state.service = service
        await _quietly(service.follow)
        tasks = [asyncio.create_task(_again(FOLLOW, service.follow))]
        tasks.append(asyncio.create_task(asyncio.to_thread(open_readers, [engine for engine, _ in engines.values()])))
        if limits.retain_days is not None:
            tasks.append(asyncio.create_task(_again(PRUNE, lambda: _prune(service), at_once=True)))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await service.maps.close()
        await fleet.close()
        await asyncio.to_thread(service.writer.close)

    app = FastAPI(
        title="Foretaste",
        version=__version__,
        description="Recommendations from models that read, over HTTP.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses=PROBLEMS,
    )
    install(app)
    for module in ROUTES:
        app.include_router(module.router)
    for router in more:
        app.include_router(router)

    @app.get("/openapi.json", include_in_schema=False, dependencies=[Depends(needs("read"))])
    async def openapi() -> dict[str, object]:
        return app.openapi()

    inside = Quick(app, routes_recommend.router.routes)
    outside: ASGIApp = Gate(inside, limits, keys or Keys(), metrics, public)
    if limits.origins:
        outside = CORSMiddleware(
            outside,
            allow_origins=limits.origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["authorization", "content-type", "x-api-key"],
        )
    return outside


async def _again(seconds: float, work: object, *, at_once: bool = False) -> None:
    if at_once:
        await _quietly(work)
    while True:
        await asyncio.sleep(seconds)
        await _quietly(work)


async def _quietly(work: object) -> None:
    """Does something that may fail and is done again later."""
    try:
        await work()  # type: ignore[operator]
    except EventsUnavailable as error:
        log.warning("%s", error.what)
    except ForetasteError as error:
        log.error("%s", error.what)


async def _prune(service: Service) -> None:
    days = service.settings.retain_days
    assert days is not None
    deleted = await asyncio.wrap_future(service.writer.then(lambda: service.store.prune(days)))
    if deleted:
        log.info("%d events older than %g days were deleted", deleted, days)
