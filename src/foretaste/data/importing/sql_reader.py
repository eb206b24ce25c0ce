"""SQL sources: DuckDB and SQLite files, PostgreSQL and whatever else SQLAlchemy reaches, through one SELECT."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import polars as pl

from foretaste.core.errors import DataError, nearest
from foretaste.core.extras import require
from foretaste.data.importing.columns import NAMELESS
from foretaste.data.importing.parquet_reader import ParquetSource
from foretaste.data.importing.python_rows import Kinds
from foretaste.data.importing.quarantine import Quarantine
from foretaste.data.importing.source import Chunk, Source

ROWS = 1 << 16
"""Rows fetched at once."""

NO_DATABASE = ("http", "https", "ftp", "s3", "gs", "hdfs", "file")
"""Schemes of files, which are not fetched here."""

DUCKDB_SUFFIXES, SQLITE_SUFFIXES = (".duckdb", ".ddb"), (".sqlite", ".sqlite3", ".db3")


def is_url(source: str) -> bool:
    """Whether a source is a database's URL rather than a path."""
    return "://" in source


def public_url(url: str) -> str:
    """The URL without its password, for messages and the manifest."""
    try:
        parts = urlsplit(url)
    except ValueError:  # nobody can tell where a password would stand in it
        return url.partition("://")[0] + "://…"
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")))


def sql_source(source: str, query: str | None) -> Source:
    """The rows of a query.

    Args:
        source: ``duckdb:///file``, ``sqlite:///file``, another SQLAlchemy URL, or the path of a DuckDB or SQLite file.
        query: A SELECT; without one, the only table of the database.

    Raises:
        DataError: If the database cannot be opened or refuses the query.
    """
    scheme, path = _database(source)
    if scheme == "duckdb":
        return _duckdb(path, query)
    if scheme == "sqlite":
        return CursorSource(*_sqlite(path, query))
    return CursorSource(*_alchemy(source, query))


def _database(source: str) -> tuple[str, Path]:
    if not is_url(source):
        path = Path(source)
        with path.open("rb") as file:
            return ("sqlite" if file.read(15) == b"SQLite format 3" else "duckdb"), path
    scheme = source.partition("://")[0].partition("+")[0].lower()
    if scheme in NO_DATABASE:
        raise DataError(
            f"{scheme}:// is the address of a file, not of a database",
            where=public_url(source),
            allowed="a file on this machine, or a database's URL",
            mend="download it and give its path",
        )
    path = Path(source.partition("://")[2].removeprefix("/").partition("?")[0])
    if scheme in ("duckdb", "sqlite") and not path.is_file():
        raise DataError(
            f"there is no database file {str(path)!r}",
            where=public_url(source),
            allowed=f"{scheme}:///relative/path or {scheme}:////absolute/path",
            mend="check the path",
        )
    return scheme, path


def _duckdb(path: Path, query: str | None) -> Source:
    """DuckDB writes the answer to Parquet by itself: fast, typed, in bounded memory, in its own order."""
    duckdb = require("duckdb", extra="sql", why="reading a DuckDB source")
    holder = tempfile.TemporaryDirectory(prefix="foretaste-sql-")
    target = Path(holder.name) / "answer.parquet"
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            select = _select(query, tables, str(path))
            try:
                connection.execute(f"COPY ({select}) TO '{target}' (FORMAT parquet)")
            except duckdb.Error as error:
                raise _refused(error, select, tables, str(path)) from error
    except duckdb.Error as error:
        raise _closed(error, str(path)) from error
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
        raise _closed(error, where) from error
    tables = [str(_name(row[0])) for row in names]
    select = _select(query, tables, where)
    try:
        cursor = connection.execute(select)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _refused(error, select, tables, where) from error
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
        raise _closed(error, shown) from error
    select = _select(query, tables, shown)
    try:
        result = connection.execute(alchemy.text(select.replace(":", "\\:")))
        columns = [str(name) for name in list(result.keys())]
    except alchemy.exc.SQLAlchemyError as error:
        raise _refused(error, select, tables, shown) from error
    return url.partition(":")[0], f"{shown} [{select}]", columns, _fetch(result, alchemy.exc.SQLAlchemyError, shown)


def _fetch(cursor: Any, failure: type[Exception], where: str) -> Iterator[Sequence[Any]]:
    try:
        while rows := cursor.fetchmany(ROWS):
            yield rows
    except failure as error:
        raise _closed(error, where) from error


class CursorSource:
    """The answer of a database, row by row."""

    def __init__(self, kind: str, label: str, columns: list[str], batches: Iterator[Sequence[Any]]) -> None:
        """Takes an answer whose columns are known and whose rows come in batches of tuples."""
        if not columns or len(set(columns)) < len(columns):
            raise DataError(
                "the query gives no columns" if not columns else "the query gives two columns of the same name",
                where=label,
                allowed="a SELECT with a name of its own for each column; found: " + ", ".join(columns),
                mend="name them with AS",
            )
        self.label, self.columns, self._batches = label, [name or NAMELESS for name in columns], batches
        self.facts: dict[str, Any] = {"kind": kind}
        self._kinds = Kinds()

    def typed(self, column: pl.Series) -> pl.Series:
        """The type of the values, where all of a column have the same."""
        return self._kinds.typed(column, column.name)

    def chunks(self, quarantine: Quarantine) -> Iterator[Chunk]:
        """The rows in the database's order; ``lines`` are row numbers from 1."""
        seen = 0
        for rows in self._batches:
            columns, odd = [], {}
            for place, name in enumerate(self.columns):
                column, strange = self._kinds.column(name, [row[place] for row in rows])
                columns.append(column)
                if strange is not None:
                    odd[name] = strange
            lines = np.arange(seen + 1, seen + 1 + len(rows), dtype=np.int64)
            yield Chunk(pl.DataFrame(columns), lines, _Text(rows), odd)
            seen += len(rows)


class _Text:
    """A row of an answer as text."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def __call__(self, row: int) -> str:
        return str(tuple(self._rows[row]))


def _select(query: str | None, tables: list[str], where: str) -> str:
    if query and query.strip().rstrip(";").strip():
        return query.strip().rstrip(";").strip()
    if len(tables) == 1:
        return 'SELECT * FROM "' + tables[0].replace('"', '""') + '"'
    raise DataError(
        "which rows of the database are meant?" if tables else "the database holds no table",
        where=where,
        allowed="tables: " + ", ".join(tables) if tables else "a database with a table",
        mend=f'give --query "SELECT * FROM {tables[0]}"' if tables else "check the path",
    )


def _refused(error: Exception, select: str, tables: list[str], where: str) -> DataError:
    words = [word.strip("\"'`;,()") for word in select.split()]
    at = next((i for i, word in enumerate(words) if word.upper() == "FROM"), len(words))
    meant = words[at + 1] if at + 1 < len(words) else ""
    guess = nearest(meant, tables) if meant and meant not in tables else None
    return DataError(
        f"the database refuses the query: {str(error).splitlines()[0]}",
        where=f"{where}: {select}",
        allowed="one SELECT; tables: " + (", ".join(tables) or "(none)"),
        mend=f"did you mean the table {guess!r}?" if guess else "check the query",
    )


def _closed(error: Exception, where: str) -> DataError:
    return DataError(
        f"the database cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
        where=where,
        allowed="an SQLite or DuckDB file, or a URL such as postgresql+psycopg://user@host/name",
        mend="check the path or URL, and that nobody holds a lock on it",
    )
