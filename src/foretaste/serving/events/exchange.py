"""Events back into training data, and training data into events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from foretaste.core.errors import DataError
from foretaste.core.files import write_atomic
from foretaste.data.dataset import Dataset
from foretaste.serving.events.event import Event
from foretaste.serving.events.store import EventStore

SCHEMA = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64, "kind": pl.String, "rating": pl.Float64}
"""What an export holds; ``foretaste data import`` recognises these names and milliseconds."""

WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    ".parquet": lambda table, path: table.write_parquet(path),
    ".csv": lambda table, path: table.write_csv(path),
}

AT_ONCE = 5_000
"""Events of one transaction of :func:`seed`."""


def export(store: EventStore, out: Path) -> int:
    """Writes all events to a file that ``foretaste data import`` reads; says how many.

    Args:
        store: The events.
        out: A file that ends in .parquet or .csv; it is there whole or not at all.

    Raises:
        DataError: If its name ends otherwise.
    """
    if out.suffix not in WRITERS:
        raise DataError(
            f"events cannot be written to {out.name!r}", allowed="a file that ends in " + ", ".join(WRITERS)
        )
    parts = [pl.DataFrame([{name: getattr(e, name) for name in SCHEMA} for e in rows], SCHEMA) for rows in store.rows()]
    table = pl.concat(parts) if parts else pl.DataFrame(schema=SCHEMA)
    rated = table if table["rating"].null_count() < len(table) else table.drop("rating")
    write_atomic(out, lambda part: WRITERS[out.suffix](rated, part))
    return len(table)


def seed(store: EventStore, data: Path) -> int:
    """Takes in a data set's interactions as events, so that its users have histories; says how many were new.

    It may be called again: an interaction that is there already is not stored twice.

    Args:
        store: Where they go.
        data: A data set in the tidy form.
    """
    dataset = Dataset.load(data)
    rows = dataset.sequences
    times = rows.times if dataset.real_times else None
    new, waiting = 0, list[Event]()
    for row, user in enumerate(dataset.users):
        for offset, raw in enumerate(dataset.items.decode(rows[row])):
            place = int(rows.starts[row]) + offset
            at = offset if times is None else int(times[place]) * 1000
            waiting.append(Event(user, raw, at, f"{dataset.fingerprint[:16]}-{place}", "import"))
        if len(waiting) >= AT_ONCE:
            new += _stored(store, waiting)
            waiting = []
    return new + _stored(store, waiting)


def _stored(store: EventStore, events: list[Event]) -> int:
    return sum(outcome.status == "stored" for outcome in store.add(events)) if events else 0
