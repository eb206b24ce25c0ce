"""Alive, ready, and the figures."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from foretaste.core.errors import ForetasteError
from foretaste.serving.http.service import needs, reply, service_of

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=dict[str, str])
async def healthz() -> Response:
    """Whether the process answers."""
    return reply({"status": "alive"})


@router.get("/readyz", response_model=dict[str, str], responses={503: {"description": "Not ready"}})
async def readyz(request: Request) -> Response:
    """Whether models are loaded and the events' database answers."""
    try:
        await asyncio.to_thread(service_of(request).store.ping)
    except ForetasteError as error:
        return reply({"status": "not ready", "why": error.what}, 503)
    return reply({"status": "ready"})


@router.get("/metrics", dependencies=[Depends(needs("read"))], response_class=Response)
async def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    return Response(service_of(request).metrics.text(), media_type=CONTENT_TYPE_LATEST)
