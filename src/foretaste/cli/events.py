"""``foretaste events``: look after what a service remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretaste.cli.output import JsonFlag, emit

Events = Annotated[str, typer.Option(help="The events' database: an SQLite file, or a URL of PostgreSQL.")]
Out = Annotated[Path, typer.Option(help="File to write, .parquet or .csv.", show_default=False)]
Data = Annotated[Path, typer.Argument(help="A data set in the tidy form.", show_default=False)]
User = Annotated[str, typer.Argument(help="The user's id.", show_default=False)]
Days = Annotated[float, typer.Option(help="Days that are kept.", min=0, show_default=False)]

DATABASE = "events.db"


def export(out: Out, events: Events = DATABASE, json: JsonFlag = False) -> None:
    """Write all events, in the order of time, as a log that `foretaste data import` reads.

    Examples:

        foretaste events export --out log.parquet

        foretaste data import log.parquet items.csv --out data/shop
    """
    from foretaste.serving.events.exchange import export as write
    from foretaste.serving.events.store import EventStore

    count = write(EventStore(events), out)
    emit({"file": str(out), "events": count}, json, lambda: print(f"{count:,} events in {out}"))


def seed(data: Data, events: Events = DATABASE, json: JsonFlag = False) -> None:
    """Take in a data set's interactions as events, so that the service knows its users' histories.

    Doing it again changes nothing.

    Examples:

        foretaste events seed data/shop
    """
    from foretaste.serving.events.exchange import seed as take
    from foretaste.serving.events.store import EventStore

    new = take(EventStore(events), data)
    emit({"new": new}, json, lambda: print(f"{new:,} new events"))


def forget(user: User, events: Events = DATABASE, json: JsonFlag = False) -> None:
    """Delete everything that is kept of a user.

    Examples:

        foretaste events forget A1YJEY40YUW4SE
    """
    from foretaste.serving.events.store import EventStore

    deleted = EventStore(events).forget(user)
    emit({"deleted": deleted}, json, lambda: print(f"{deleted:,} events deleted"))


def prune(days: Days, events: Events = DATABASE, json: JsonFlag = False) -> None:
    """Delete events that happened longer ago than some days.

    Examples:

        foretaste events prune --days 365
    """
    from foretaste.serving.events.store import EventStore

    deleted = EventStore(events).prune(days)
    emit({"deleted": deleted}, json, lambda: print(f"{deleted:,} events deleted"))
