"""What the service is compared with: a route that returns a constant list, and one forward for each request.

``MODEL=FOLDER uvicorn plain_servers:bare`` or ``plain_servers:plain``.
"""

from __future__ import annotations

import os
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel


class Asked(BaseModel):
    """A history and how many items are wanted."""

    history: list[str]
    k: int = 10


def bare() -> FastAPI:
    """A list that is always the same."""
    app = FastAPI()
    items = [{"item_id": f"item{place}", "score": 1.5 - place / 10, "title": f"Thing {place}"} for place in range(10)]

    @app.post("/v1/recommend")
    async def recommend(asked: Asked) -> dict[str, Any]:
        return {"items": items}

    return app


def plain() -> FastAPI:
    """One request, one forward, as most tutorials have it."""
    import foretaste

    recommender = foretaste.load(os.environ["MODEL"])
    app = FastAPI()

    @app.post("/v1/recommend")
    def recommend(asked: Asked) -> dict[str, Any]:
        (found,) = recommender.recommend(histories=[asked.history], k=asked.k)
        return {"items": [one.as_dict() for one in found]}

    return app
