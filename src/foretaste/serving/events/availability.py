"""A database that fails is left alone for a moment, and tried again at the next request after it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from foretaste.core.errors import ForetasteError

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds after the first failure, and at most."""

FULL = ("disk is full", "disk full", "no space left", "could not extend")
READ_ONLY = ("readonly", "read-only")


class EventsUnavailable(ForetasteError):
    """The database cannot answer now; nothing was stored.

    Attributes:
        retry_after: Whole seconds after which trying again makes sense.
    """

    def __init__(self, what: str, retry_after: float = 1.0) -> None:
        self.retry_after = max(1, math.ceil(retry_after))
        super().__init__(what, mend="the service tries again by itself; send the request once more in a while")


class Availability:
    """Counts failures, and says when to try again.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._again = 0.0
        self._why = ""

    @contextmanager
    def guard(self) -> Iterator[None]:
        """What talks to the database stands inside.

        Raises:
            EventsUnavailable: If the database fails, or failed a moment ago.
        """
        left = self._again - self._clock()
        if self._failures and left > 0:
            raise EventsUnavailable(self._why, left)
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError, sa.exc.InternalError) as error:
            raise self._failed(error) from error
        except OSError as error:
            raise self._failed(error) from error
        self._failures = 0

    def _failed(self, error: Exception) -> EventsUnavailable:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures, 10))
        self._failures += 1
        self._again = self._clock() + pause
        self._why = reason(error)
        return EventsUnavailable(self._why, pause)


def reason(error: Exception) -> str:
    """What a client is told: no host, path or statement."""
    text = str(error).lower()
    if any(sign in text for sign in FULL):
        return "the events' database has no space left"
    if any(sign in text for sign in READ_ONLY):
        return "the events' database cannot be written: it is read-only"
    if "locked" in text:
        return "the events' database is locked by another process"
    return "the events' database cannot be reached"
