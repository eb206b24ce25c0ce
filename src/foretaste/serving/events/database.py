"""The connection to the database: durable settings, migrations under a lock, and what a failure is called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy.engine import URL, Connection, Engine, make_url

from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.extras import require

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x666F7265
"""Number of PostgreSQL's advisory lock under which one replica migrates while the others wait."""

WAIT = 5
"""Seconds to wait for a connection or for another process's lock."""

DIALECTS = ("sqlite", "postgresql")


def open_engine(url: str) -> Engine:
    """An engine for a URL; nothing is connected yet.

    Args:
        url: ``sqlite:///file.db``, ``postgresql://…`` (driver psycopg), or the path of an SQLite file.

    Raises:
        ConfigError: If the URL cannot be read, or is of another database.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(parsed, connect_args={"timeout": WAIT, "check_same_thread": False})
        sa.event.listen(engine, "connect", _durable)
        sa.event.listen(engine, "begin", _begin)
        return engine
    require("psycopg", extra="postgres", why="keeping events in PostgreSQL")
    parsed = parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed
    return sa.create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": WAIT})


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url if "://" in url else f"sqlite:///{Path(url).expanduser()}")
    except (sa.exc.ArgumentError, ValueError) as error:
        raise ConfigError(
            "the database's URL cannot be read",
            allowed="sqlite:///events.db or postgresql://user@host/name",
            mend="check the URL",
        ) from error
    if parsed.get_backend_name() not in DIALECTS:
        raise ConfigError(
            f"events are not kept in {parsed.get_backend_name()!r}", allowed=" or ".join(DIALECTS), mend="check the URL"
        )
    return parsed


def _durable(connection: Any, _: Any) -> None:
    """A committed event survives a power cut, readers never wait for the writer, deleted rows are overwritten."""
    connection.isolation_level = None  # the driver must not begin and commit by itself
    for setting in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={WAIT * 1000}", "secure_delete=ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes; SQLite takes its lock at once, so that it cannot fail half-way."""
    with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
        yield connection


def migrate(engine: Engine) -> None:
    """Brings the schema up to date; of several processes one does it, the others wait and find it done.

    Raises:
        ArtefactError: If the database was written by a newer version.
        sqlalchemy.exc.SQLAlchemyError: If it cannot be reached.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ArtefactError(
                f"the events' database was written by a newer version: {error}",
                where=shown(engine),
                mend="update foretaste, or give another database with --events",
            ) from error


def shown(engine: Engine) -> str:
    """The URL without its password."""
    return engine.url.render_as_string(hide_password=True)
