"""Lines of MovieLens's small files (films, links, people) as rows."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from foretaste.data.sources.movielens_titles import split_title
from foretaste.data.sources.records import read_lines
from foretaste.data.sources.rejects import BadRecord, Rejects

GENRES_100K = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
]
"""The flags at the end of a line of u.item, in the order of u.genre."""
AGES_1M = {
    "1": "under 18",
    "18": "18-24",
    "25": "25-34",
    "35": "35-44",
    "45": "45-49",
    "50": "50-55",
    "56": "56 or older",
}
OCCUPATIONS_1M = [
    "other",
    "academic or educator",
    "artist",
    "clerical or admin",
    "college or graduate student",
    "customer service",
    "doctor or health care",
    "executive or managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales or marketing",
    "scientist",
    "self-employed",
    "technician or engineer",
    "tradesman or craftsman",
    "unemployed",
    "writer",
]

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """How one of the small files is written.

    Attributes:
        separator: What stands between fields; a comma means quoted CSV with a header in UTF-8, else ISO 8859-1.
        width: Fields of a line.
        row: Makes a row of the fields.
    """

    separator: str
    width: int
    row: Callable[[list[str]], Row]


def read_rows(stream: BinaryIO, file: str, table: Table, rejects: Rejects) -> Iterator[Row]:
    """The rows of one file; lines that are broken, or whose id came before, are refused."""
    quoted = table.separator == ","
    seen: set[str] = set()
    for number, line, _ in read_lines(stream):
        if not line.strip() or (quoted and number == 1):
            continue
        try:
            row = table.row(_fields(line, table, quoted))
            if not row[0]:
                raise BadRecord("no id")
            if row[0] in seen:
                raise BadRecord("id stands twice; the first line is kept")
        except BadRecord as error:
            rejects.add(file, number, str(error), line)
            continue
        seen.add(row[0])
        yield row


def _fields(line: bytes, table: Table, quoted: bool) -> list[str]:
    try:
        text = line.decode("utf-8" if quoted else "iso-8859-1").rstrip("\r\n")
        fields = next(csv.reader([text], strict=True)) if quoted else text.split(table.separator)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRecord("broken encoding" if isinstance(error, UnicodeDecodeError) else "broken quotes") from error
    if len(fields) != table.width:
        raise BadRecord(f"{len(fields)} fields where {table.width} belong")
    return [field.strip() for field in fields]


def _film(fields: list[str]) -> Row:
    name, year = split_title(fields[1])
    genres = [genre for genre in fields[2].split("|") if genre and genre != "(no genres listed)"] or None
    return fields[0], name or None, genres, year, genres


def _film_100k(fields: list[str]) -> Row:
    name, year = split_title(fields[1])
    if name == "unknown":
        name = ""
    genres = [
        genre for genre, flag in zip(GENRES_100K, fields[5:], strict=True) if flag == "1" and genre != "unknown"
    ] or None
    return fields[0], name or None, genres, year, genres


def _link(fields: list[str]) -> Row:
    return fields[0], f"tt{int(fields[1]):07}" if fields[1].isdigit() else None, fields[2] or None


def _person_100k(fields: list[str]) -> Row:
    age = int(fields[1]) if fields[1].isdigit() else None
    return fields[0], age, fields[2] or None, fields[3] or None, fields[4] or None


def _person_1m(fields: list[str]) -> Row:
    code = int(fields[3]) if fields[3].isdigit() else len(OCCUPATIONS_1M)
    work = OCCUPATIONS_1M[code] if code < len(OCCUPATIONS_1M) else None
    return fields[0], AGES_1M.get(fields[2]), fields[1] or None, work, fields[4] or None


TABLES = {
    "u.item": Table("|", 24, _film_100k),
    "movies.dat": Table("::", 3, _film),
    "movies.csv": Table(",", 3, _film),
    "links.csv": Table(",", 3, _link),
    "u.user": Table("|", 5, _person_100k),
    "users.dat": Table("::", 5, _person_1m),
}
