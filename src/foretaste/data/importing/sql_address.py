"""Where a database is: a URL or the path of a file."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from foretaste.core.errors import DataError

NO_DATABASE = ("http", "https", "ftp", "s3", "gs", "hdfs", "file")
"""Schemes of files, which are not fetched here."""


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


def database(source: str) -> tuple[str, Path]:
    """What kind of database a source is, and its file where it is one.

    Raises:
        DataError: For the address of a file, and for a database file that is not there.
    """
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
