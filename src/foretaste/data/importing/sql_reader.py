"""SQL sources: DuckDB and SQLite files, PostgreSQL and whatever else SQLAlchemy reaches, through one SELECT."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from foretaste.core.errors import DataError
from foretaste.core.extras import require
from foretaste.data.importing.parquet_reader import ParquetSource
from foretaste.data.importing.source import Source
from foretaste.data.importing.sql_address import database, public_url
from foretaste.data.importing.sql_query import chosen_select, closed, refused
from foretaste.data.importing.sql_rows import CursorSource

ROWS = 1 << 16
"""Rows fetched at once."""

DUCKDB_SUFFIXES, SQLITE_SUFFIXES = (".duckdb", ".ddb"), (".sqlite", ".sqlite3", ".db3")


def sql_source(source: str, query: str | None) -> Source:
    """The rows of a query.

    Args:
        source: ``duckdb:///file``, ``sqlite:///file``, another SQLAlchemy URL, or the path of a DuckDB or SQLite file.
        query: A SELECT; without one, the only table of the database.

    Raises:
        DataError: If the database cannot be opened or refuses the query.
    """
    scheme, path = database(source)
    if scheme == "duckdb":
        return _duckdb(path, query)
    if scheme == "sqlite":
        return CursorSource(*_sqlite(path, query))
    return CursorSource(*_alchemy(source, query))


def _duckdb(path: Path, query: str | None) -> Source:
    """DuckDB writes the answer to Parquet by itself: fast, typed, in bounded memory, in its own order."""
    duckdb = require("duckdb", extra="sql", why="reading a DuckDB source")
    holder = tempfile.TemporaryDirectory(prefix="foretaste-sql-")
    target = Path(holder.name) / "answer.parquet"
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            select = chosen_select(query, tables, str(path))
            try:
                connection.execute(f"COPY ({select}) TO '{target}' (FORMAT parquet)")
            except duckdb.Error as error:
                raise refused(error, select, tables, str(path)) from error
    except duckdb.Error as error:
        raise closed(error, str(path)) from error
    source = HeldParquet(target, label=f"{path} [{select}]", kind="duckdb")
    source.holder = holder
    return source


class HeldParquet(ParquetSource):
    """A Parquet file that lives as long as its source."""

    holder: tempfile.TemporaryDirectory[str] | None = None


def _sqlite(path: Path, query: str | None) -> tuple[str, str, list[str], Iterator[Sequence[Any]]]:
    where = str(path)
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        connection.text_factory = _lenient_text
        names = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
    except sqlite3.Error as error:
        raise closed(error, where) from error
    tables = [str(_name(row[0])) for row in names]
    select = chosen_select(query, tables, where)
    try:
        cursor = connection.execute(select)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise refused(error, select, tables, where) from error
    columns = [str(entry[0]) for entry in cursor.description or ()]
    return "sqlite", f"{path} [{select}]", columns, _fetch(cursor, sqlite3.Error, where)


def _lenient_text(raw: bytes) -> str | bytes:
    """SQLite may hold any bytes as text; broken ones stay bytes, so that only their row is refused."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _name(raw: str | bytes) -> str:
    return raw if isinstance(raw, str) else raw.decode(errors="replace")


def _alchemy(url: str, query: str | None) -> tuple[str, str, list[str], Iterator[Sequence[Any]]]:
    alchemy = require("sqlalchemy", extra="sql", why="reading a database by its URL")
    shown = public_url(url)
    try:
        connection = alchemy.create_engine(url).connect().execution_options(stream_results=True)
        tables = list(alchemy.inspect(connection).get_table_names())
    except ImportError as error:
        raise DataError(
            f"the database's driver is not installed: {error}",
            where=shown,
            allowed="a URL whose driver is installed",
            mend="for PostgreSQL: pip install 'psycopg[binary]' and a URL that starts with postgresql+psycopg://",
        ) from error
    except (alchemy.exc.SQLAlchemyError, ValueError, TypeError, OSError) as error:
        raise closed(error, shown) from error
    select = chosen_select(query, tables, shown)
    try:
        result = connection.execute(alchemy.text(select.replace(":", "\\:")))
        columns = [str(name) for name in list(result.keys())]
    except alchemy.exc.SQLAlchemyError as error:
        raise refused(error, select, tables, shown) from error
    return url.partition(":")[0], f"{shown} [{select}]", columns, _fetch(result, alchemy.exc.SQLAlchemyError, shown)


def _fetch(cursor: Any, failure: type[Exception], where: str) -> Iterator[Sequence[Any]]:
    try:
        while rows := cursor.fetchmany(ROWS):
            yield rows
    except failure as error:
        raise closed(error, where) from error
