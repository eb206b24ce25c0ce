"""Group commit: events that arrive while the disk is busy are committed together, by one flush."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from foretaste.serving.events.availability import EventsUnavailable
from foretaste.serving.events.event import Event, Outcome, checked
from foretaste.serving.events.store import EventStore

WAITING = 2_000
"""Requests that may wait for the disk; more are refused at once."""

TOGETHER = 5_000
"""Events of one transaction, about."""


@dataclass(frozen=True)
class _Job:
    """Events to store, or another change to make when its turn comes."""

    events: tuple[Event, ...]
    change: Callable[[], Any] | None
    done: Future[Any]


class EventWriter:
    """One thread that writes for everyone, in the order in which requests came.

    Args:
        store: Where it writes.
    """

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self._jobs: queue.Queue[_Job | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="foretaste-events", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Requests that wait now."""
        return self._jobs.qsize()

    def submit(self, events: Sequence[Event]) -> Future[list[Outcome]]:
        """Hands events in; the future is done when they are on disk, or holds :class:`EventsUnavailable`.

        Raises:
            DataError: If an event cannot be kept.
            EventsUnavailable: If too many wait already.
        """
        return self._put(tuple(checked(event) for event in events), None)

    def then(self, change: Callable[[], Any]) -> Future[Any]:
        """Makes another change after everything that was handed in before it, as deleting a user."""
        return self._put((), change)

    def close(self) -> None:
        """Writes what waits, and ends."""
        self._jobs.put(None)
        self._thread.join()

    def _put(self, events: tuple[Event, ...], change: Callable[[], Any] | None) -> Future[Any]:
        job = _Job(events, change, Future())
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise EventsUnavailable("too many events wait to be written") from None
        return job.done

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            group, last = self._group(job)
            self._write(group)
            if last is None:
                return
            if last.change is not None:
                _settle(last.done, last.change)

    def _group(self, job: _Job) -> tuple[list[_Job], _Job | None]:
        """Events that wait, up to the next other change; and that change, a job of no events, or None at the end."""
        group: list[_Job] = []
        size = 0
        while job.change is None:
            group.append(job)
            size += len(job.events)
            if size >= TOGETHER:
                return group, job
            try:
                following = self._jobs.get_nowait()
            except queue.Empty:
                return group, job
            if following is None:
                return group, None
            job = following
        return group, job

    def _write(self, group: list[_Job]) -> None:
        if not group:
            return
        try:
            outcomes = self.store.add([event for job in group for event in job.events])
        except EventsUnavailable as error:
            for job in group:
                job.done.set_exception(error)
        except Exception:  # the database refuses somebody's event: nobody else's is lost by it
            for job in group:
                _settle(job.done, lambda job=job: self.store.add(job.events))  # type: ignore[misc]
        else:
            start = 0
            for job in group:
                job.done.set_result(outcomes[start : start + len(job.events)])
                start += len(job.events)


def _settle(done: Future[Any], work: Callable[[], Any]) -> None:
    try:
        found = work()
    except Exception as error:
        done.set_exception(error)
    else:
        done.set_result(found)
