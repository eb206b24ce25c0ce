"""Files with one record a line, read in bounded memory into batches of a table."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import polars as pl

from foretaste.data.sources.rejects import BadRecord, Rejects

LONGEST = 4 << 20
"""Bytes of the longest line that is read; a longer one is passed over and refused."""
BATCH_ROWS, BATCH_BYTES = 50_000, 64 << 20

Record = Mapping[str, Any]
Row = tuple[Any, ...]


def read_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Line number, line and whether it is whole; of an overlong line only the beginning is held."""
    number = 0
    while line := stream.readline(LONGEST):
        number += 1
        whole = len(line) < LONGEST or line.endswith(b"\n")
        if not whole:
            while (rest := stream.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
        yield number, line, whole


def parse_json(line: bytes) -> Record:
    """A JSON object.

    Raises:
        BadRecord: If the line is none.
    """
    try:
        found = json.loads(line)
    except UnicodeDecodeError as error:
        raise BadRecord("broken encoding") from error
    except (ValueError, RecursionError) as error:
        raise BadRecord("not JSON") from error
    if not isinstance(found, dict):
        raise BadRecord("not a JSON object")
    return found


def parse_literal(line: bytes) -> Record:
    """A JSON object or, where it is none, a Python dictionary of plain values; nothing is evaluated.

    Raises:
        BadRecord: If the line is neither.
    """
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = _literal(line)
    if not isinstance(found, dict):
        raise BadRecord("not a dictionary")
    return found


def _literal(line: bytes) -> Any:
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise BadRecord("broken encoding") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # titles hold backslashes that are no escapes
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise BadRecord("neither JSON nor a Python dictionary") from error


def read_batches(
    stream: BinaryIO,
    file: str,
    schema: pl.Schema,
    row: Callable[[bytes], Row | None],
    rejects: Rejects,
) -> Iterator[pl.DataFrame]:
    """Turns the lines of a stream into tables.

    Args:
        stream: Unpacked bytes.
        file: The file's name, for what is refused.
        schema: Columns of the tables.
        row: Makes a row of the schema from a line; None passes the line over, :class:`BadRecord` refuses it.
        rejects: Receives what is refused.

    Yields:
        Tables of at most :data:`BATCH_ROWS` rows and about :data:`BATCH_BYTES` of text.
    """
    rows: list[Row] = []
    weight, before, number = 0, len(rejects), 0
    for number, line, whole in read_lines(stream):
        if not line.strip():
            continue
        try:
            made = row(line) if whole else _overlong()
        except BadRecord as error:
            rejects.add(file, number, str(error), line)
            rejects.check(file, number, before)
            continue
        if made is None:
            continue
        rows.append(made)
        weight += len(line)
        if len(rows) >= BATCH_ROWS or weight >= BATCH_BYTES:
            yield pl.DataFrame(rows, schema=schema, orient="row")
            rows, weight = [], 0
    if rows:
        yield pl.DataFrame(rows, schema=schema, orient="row")


def _overlong() -> Row:
    raise BadRecord(f"line longer than {LONGEST >> 20} MiB")
