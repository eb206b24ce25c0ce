"""From a path or URL to a source: what kind it is, and whether it is there at all."""

from __future__ import annotations

import os
from pathlib import Path

from foretaste.core.errors import DataError, nearest
from foretaste.data.importing.csv_reader import TAB_SUFFIXES, CsvSource, bare_suffix
from foretaste.data.importing.jsonl_reader import JsonlSource
from foretaste.data.importing.options import ImportOptions
from foretaste.data.importing.parquet_reader import ParquetSource
from foretaste.data.importing.source import Source
from foretaste.data.importing.sql_address import is_url
from foretaste.data.importing.sql_reader import DUCKDB_SUFFIXES, SQLITE_SUFFIXES, sql_source

KINDS: dict[str, tuple[str, ...]] = {
    "csv": (".csv", ".txt", ".dat", ".data", ".log", *TAB_SUFFIXES),
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "parquet": (".parquet", ".pq"),
    "sql": (".db", *SQLITE_SUFFIXES, *DUCKDB_SUFFIXES),
}
"""Which suffixes mean what; ``.gz`` and ``.zst`` may follow those of text files."""


def open_source(
    source: str | Path, options: ImportOptions, *, query: str | None = None, header: tuple[str, ...] | None = None
) -> Source:
    """Opens one source.

    Args:
        source: A path, or a database's URL.
        options: How to read it.
        query: The SELECT of an SQL source.
        header: Column names of a CSV file without a header line.

    Raises:
        DataError: If it is missing, unreadable, empty, of an unknown kind or broken.
    """
    if is_url(str(source)):
        return sql_source(str(source), query)
    path = Path(source)
    kind = kind_of(path) if options.format == "auto" else options.format
    _check_file(path)
    if query is not None and kind != "sql":
        raise DataError(
            f"a query was given, but {path.name!r} is no database",
            where=str(path),
            allowed="a DuckDB or SQLite file, or a database's URL",
            mend="leave --query out, or give the database",
        )
    if kind == "sql":
        return sql_source(str(path), query)
    if kind == "parquet":
        return ParquetSource(path)
    if kind == "jsonl":
        return JsonlSource(path, encoding=options.encoding)
    separator = "\t" if kind == "tsv" and options.separator is None else options.separator
    return CsvSource(path, separator=separator, encoding=options.encoding, header=header)


def kind_of(path: Path) -> str:
    """The kind that a file's name suggests.

    Raises:
        DataError: If its suffix is unknown (or it has none).
    """
    _check_there(path)
    suffix = bare_suffix(path)
    for kind, suffixes in KINDS.items():
        if suffix in suffixes:
            return kind
    known = [suffix for suffixes in KINDS.values() for suffix in suffixes]
    guess = nearest(suffix, known) if suffix else None
    raise DataError(
        f"it is unclear what kind of file {path.name!r} is",
        where=str(path),
        allowed=" ".join(known) + "; text files also with .gz or .zst",
        mend=(f"did you mean {guess!r}? " if guess else "")
        + "say what it is with --format csv, tsv, jsonl, parquet or sql",
    )


def _check_there(path: Path) -> None:
    try:
        if path.is_dir():
            raise _folder(path)
        if path.exists():
            return
        folder = path.parent if path.parent.is_dir() else None
        names = [entry.name for entry in folder.iterdir() if entry.is_file()] if folder else []
    except (OSError, ValueError) as error:
        raise DataError(f"the path {str(path)!r} cannot be opened: {error}", mend="check the path") from error
    guess = nearest(path.name, names)
    raise DataError(
        f"there is no file {str(path)!r}",
        where=str(path.parent) if folder else f"the folder {str(path.parent)!r} does not exist either",
        allowed="an existing file, or a database's URL",
        mend=f"did you mean {str(path.parent / guess)!r}?" if guess else "check the path",
    )


def _folder(path: Path) -> DataError:
    tidy = (path / "interactions.parquet").is_file()
    return DataError(
        f"{str(path)!r} is a folder, not a file",
        where=str(path),
        allowed="one file with the log, then one with the catalogue",
        mend=f"it is already in the tidy form: use it as it stands, with --data {path}"
        if tidy
        else "name the files: foretaste data import LOG ITEMS --out FOLDER",
    )


def _check_file(path: Path) -> None:
    _check_there(path)
    if not path.is_file():
        raise DataError(
            f"{str(path)!r} is no ordinary file", where=str(path), allowed="a file", mend="write it to a file first"
        )
    if not os.access(path, os.R_OK):
        raise DataError(
            f"{str(path)!r} may not be read", where=str(path), allowed="a readable file", mend="check its permissions"
        )
    if not path.stat().st_size:
        raise DataError(
            "the file is empty", where=str(path), allowed="a header line and rows", mend="give another file"
        )
