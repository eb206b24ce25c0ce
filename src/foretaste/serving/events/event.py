"""One thing that a person did with an item."""

from __future__ import annotations

import math
import re
import uuid
from dataclasses import dataclass

from foretaste.core.errors import DataError

LONGEST_ID = 256
"""Characters of an id; longer ones are refused."""

NO_TEXT = re.compile("[\x00\ud800-\udfff]")
"""Characters that no database keeps: NUL, and halves of a surrogate pair."""

LATEST = 253_402_300_799_999
"""The end of the year 9999 in milliseconds."""

STORED, DUPLICATE, CONFLICT = "stored", "duplicate", "conflict"


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        user_id: Who.
        item_id: Which item; it need not be known to any model.
        timestamp: When, in milliseconds since 1970 (UTC).
        event_id: A name of its own: the same event sent twice is kept once.
        kind: What was done, as ``view`` or ``purchase``.
        rating: How well the item was liked, or None.
    """

    user_id: str
    item_id: str
    timestamp: int
    event_id: str
    kind: str = "view"
    rating: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of an event that was handed in.

    Attributes:
        event_id: Its id.
        status: ``stored``; ``duplicate``, when the same event was there already; ``conflict``, when another event has
            this id, which stays as it is.
    """

    event_id: str
    status: str


def new_event_id() -> str:
    """An id for an event that came without one."""
    return uuid.uuid4().hex


def checked_id(what: str, raw: str) -> str:
    """The id as it came.

    Raises:
        DataError: If no database could keep it: empty, too long, a NUL character, half a surrogate pair.
    """
    if not raw or len(raw) > LONGEST_ID:
        raise DataError(f"{what} has {len(raw):,} characters", allowed=f"1 to {LONGEST_ID} characters")
    if NO_TEXT.search(raw):
        raise DataError(f"{what} holds a character that is no text", allowed="any text without NUL and lone surrogates")
    return raw


def checked(event: Event) -> Event:
    """The event as it came.

    Raises:
        DataError: If a part of it cannot be kept.
    """
    for what in ("user_id", "item_id", "event_id", "kind"):
        checked_id(what, getattr(event, what))
    if not 0 <= event.timestamp <= LATEST:
        raise DataError(f"timestamp={event.timestamp} is out of range", allowed="milliseconds since 1970, to year 9999")
    if event.rating is not None and not math.isfinite(event.rating):
        raise DataError(f"rating={event.rating} is no number", allowed="a finite number, or none")
    return event
