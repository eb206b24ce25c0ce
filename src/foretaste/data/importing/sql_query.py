"""The one SELECT that a database is asked, and the errors where it gives no answer."""

from __future__ import annotations

from foretaste.core.errors import DataError, nearest


def chosen_select(query: str | None, tables: list[str], where: str) -> str:
    """The query, or all of the only table.

    Raises:
        DataError: If there is neither a query nor a single table.
    """
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


def refused(error: Exception, select: str, tables: list[str], where: str) -> DataError:
    """The error for a query that the database refuses; names the nearest table."""
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


def closed(error: Exception, where: str) -> DataError:
    """The error for a database that cannot be read."""
    return DataError(
        f"the database cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
        where=where,
        allowed="an SQLite or DuckDB file, or a URL such as postgresql+psycopg://user@host/name",
        mend="check the path or URL, and that nobody holds a lock on it",
    )
