"""The events in the database: written once, read in order, deleted for good."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from foretaste.serving.events.availability import Availability
from foretaste.serving.events.database import migrate, open_engine, shown, writing
from foretaste.serving.events.event import CONFLICT, DUPLICATE, STORED, Event, Outcome, checked
from foretaste.serving.events.tables import EVENTS, ITEM_CHANGES

FIELDS = ("user_id", "item_id", "timestamp", "event_id", "kind", "rating")
MANY = 500
"""Ids asked for in one statement; SQLite allows 32,766 values in one."""

DAY = 86_400_000
"""Milliseconds."""


class EventStore:
    """Events of all users.

    Every method talks to the database itself and waits for it. Each raises :class:`EventsUnavailable` while the
    database cannot answer, and works again once it can.

    Args:
        url: ``sqlite:///file.db``, the path of an SQLite file, or ``postgresql://…``.
        clock: Seconds that only go forward; for tests.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.engine = open_engine(url)
        self._insert = sqlite.insert if self.engine.dialect.name == "sqlite" else postgresql.insert
        self._up = Availability(clock)
        self._ready = False
        self._migrating = threading.Lock()

    def __repr__(self) -> str:
        return f"EventStore({shown(self.engine)})"

    def prepare(self) -> None:
        """Connects and brings the schema up to date; the other methods do it too, when nobody has."""
        with self._up.guard():
            self._migrated()

    def add(self, events: Sequence[Event]) -> list[Outcome]:
        """Stores events, all or none; once it returns they survive whatever happens to this process.

        An event whose id is known already changes nothing.
        """
        for event in events:
            checked(event)
        with self._writing() as connection:
            return self._add(connection, events)

    def _add(self, connection: Connection, events: Sequence[Event]) -> list[Outcome]:
        fresh: dict[str, Event] = {}
        for event in events:
            fresh.setdefault(event.event_id, event)
        stored: set[str] = set()
        if fresh:
            statement = self._insert(EVENTS).on_conflict_do_nothing().returning(EVENTS.c.event_id)
            stored.update(connection.execute(statement, [_row(event) for event in fresh.values()]).scalars())
        others = {event.event_id: event for event in self._named(connection, [i for i in fresh if i not in stored])}
        outcomes = []
        for event in events:
            if event.event_id in stored:
                stored.discard(event.event_id)  # the same id a second time in this batch is a repeat
                others[event.event_id] = event
                outcomes.append(Outcome(event.event_id, STORED))
                continue
            outcomes.append(Outcome(event.event_id, DUPLICATE if _same(others[event.event_id], event) else CONFLICT))
        return outcomes

    def _named(self, connection: Connection, ids: Sequence[str]) -> Iterator[Event]:
        for start in range(0, len(ids), MANY):
            some = sa.select(*(EVENTS.c[name] for name in FIELDS)).where(
                EVENTS.c.event_id.in_(ids[start : start + MANY])
            )
            yield from (Event(**row._mapping) for row in connection.execute(some))

    def history(self, user_id: str, limit: int = 200) -> list[Event]:
        """The user's last ``limit`` events, oldest first; equal times in order of arrival."""
        recent = (
            sa.select(*(EVENTS.c[name] for name in FIELDS))
            .where(EVENTS.c.user_id == user_id)
            .order_by(EVENTS.c.timestamp.desc(), EVENTS.c.seq.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            return [Event(**row._mapping) for row in connection.execute(recent)][::-1]

    def forget(self, user_id: str) -> int:
        """Deletes everything that is kept of a user; says how many events that were."""
        with self._writing() as connection:
            return int(connection.execute(EVENTS.delete().where(EVENTS.c.user_id == user_id)).rowcount)

    def prune(self, days: float, now: float | None = None) -> int:
        """Deletes events that happened more than ``days`` ago; says how many that were.

        Args:
            days: What is kept.
            now: Seconds since 1970; default: the present.
        """
        oldest = int((time.time() if now is None else now) * 1000 - days * DAY)
        with self._writing() as connection:
            return int(connection.execute(EVENTS.delete().where(EVENTS.c.timestamp < oldest)).rowcount)

    def rows(self, block: int = 50_000) -> Iterator[list[Event]]:
        """All events in the order of time, in blocks, as one snapshot; memory stays bounded."""
        everything = sa.select(*(EVENTS.c[name] for name in FIELDS)).order_by(EVENTS.c.timestamp, EVENTS.c.seq)
        with self._reading() as connection:
            result = connection.execution_options(yield_per=block).execute(everything)
            for part in result.partitions():
                yield [Event(**row._mapping) for row in part]

    def change_items(self, changes: Sequence[tuple[str, Mapping[str, Any] | None]]) -> int:
        """Notes items that came (with attributes) or went (None); says the number of the last change."""
        now = int(time.time() * 1000)
        rows = [
            {"item_id": raw, "attributes": None if told is None else json.dumps(told), "timestamp": now}
            for raw, told in changes
        ]
        with self._writing() as connection:
            found = connection.execute(sa.insert(ITEM_CHANGES).returning(ITEM_CHANGES.c.seq), rows).scalars()
            return max(int(seq) for seq in found)

    def item_changes(self, after: int = 0) -> list[tuple[int, str, dict[str, Any] | None]]:
        """Number, item and attributes (None: it went) of every change after the number ``after``, in order."""
        some = sa.select(ITEM_CHANGES).where(ITEM_CHANGES.c.seq > after).order_by(ITEM_CHANGES.c.seq)
        with self._reading() as connection:
            return [
                (row.seq, row.item_id, None if row.attributes is None else json.loads(row.attributes))
                for row in connection.execute(some)
            ]

    def count(self) -> int:
        """How many events there are."""
        with self._reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(EVENTS)).scalar_one())

    def ping(self) -> None:
        """Returns if the database answers."""
        with self._reading() as connection:
            connection.execute(sa.select(1))

    def close(self) -> None:
        """Gives all connections back."""
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._up.guard():
            self._migrated()
            with writing(self.engine) as connection:
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._up.guard():
            self._migrated()
            with self.engine.connect() as connection:
                yield connection

    def _migrated(self) -> None:
        if not self._ready:
            with self._migrating:
                if not self._ready:
                    migrate(self.engine)
                    self._ready = True


def _row(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in FIELDS}


def _same(stored: Event, sent: Event) -> bool:
    """Whether both tell the same; the time is left out, since a client that gave none gets another one each time."""
    return (stored.user_id, stored.item_id, stored.kind) == (sent.user_id, sent.item_id, sent.kind)
