"""What answers look like, for the OpenAPI document; the answers themselves are written without a detour over these."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Near(BaseModel):
    """An item of the history that is like a recommended one."""

    item_id: str
    cosine: float


class ReasonsOut(BaseModel):
    """Why an item is in a list."""

    nearest: list[Near]
    parts: dict[str, float]
    group: str
    popularity: int


class Listed(BaseModel):
    """One item of a list."""

    item_id: str
    score: float
    title: str
    reasons: ReasonsOut | None = None
    details: dict[str, Any] | None = None


class ListOut(BaseModel):
    """A list of items, best first."""

    items: list[Listed]
    model: str


class RecommendOut(ListOut):
    """An answer; ``fallback`` says that popularity stood in, ``notes`` what else one should know."""

    version: str
    fallback: str | None
    unknown: list[str]
    notes: list[str]


class CompareOut(BaseModel):
    """Answers of several models, and what share of the items two of them have in common."""

    answers: list[RecommendOut]
    overlap: dict[str, float]


class OutcomeOut(BaseModel):
    """What became of an event: stored, duplicate, or (in a batch) conflict."""

    event_id: str
    status: str


class OutcomesOut(BaseModel):
    """What became of several."""

    events: list[OutcomeOut]


class StoredEvent(BaseModel):
    """An event; the time is in seconds since 1970."""

    event_id: str
    item_id: str
    kind: str
    timestamp: float
    rating: float | None = None


class HistoryOut(BaseModel):
    """What a user did, oldest first."""

    user_id: str
    events: list[StoredEvent]


class ProblemOut(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {"application/problem+json": {"schema": ProblemOut.model_json_schema()}}}
    for status, text in {
        401: "No key, or a wrong one",
        403: "The key's role is not enough, or a foreign page asks",
        404: "There is no such thing",
        408: "The body did not come in time",
        409: "It collides with what is there",
        413: "The body is too large",
        422: "The request does not fit",
        429: "Too many requests of this client",
        503: "Busy, or the events' database is away",
    }.items()
}
