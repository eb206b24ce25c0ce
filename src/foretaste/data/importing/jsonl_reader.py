"""JSON lines: one object a line; also the Python literals of the Amazon 2014 files."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from foretaste.core.errors import DataError
from foretaste.data.importing.blocks import text_blocks, unix_lines
from foretaste.data.importing.columns import NAMELESS
from foretaste.data.importing.csv_careful import NUL, UTF8
from foretaste.data.importing.csv_reader import MAX_RECORD, TOO_LONG
from foretaste.data.importing.python_rows import Kinds, encodable
from foretaste.data.importing.quarantine import Quarantine
from foretaste.data.importing.source import Chunk

ROWS = 1 << 16
"""Objects that make a chunk."""

PROBE = 1000
"""Objects that are read to learn the columns."""

NOT_JSON, NOT_OBJECT = "not JSON", "not a JSON object"


class JsonlSource:
    """A file with one JSON object on each line, plain or packed."""

    def __init__(self, path: Path, *, encoding: str = "utf-8") -> None:
        """Opens the file and learns the columns from its first thousand objects."""
        self.label = str(path)
        self.facts: dict[str, Any] = {"kind": "jsonl", "encoding": encoding}
        self._kinds = Kinds()
        self._blank = 0
        lines = _lines(unix_lines(text_blocks(path, encoding)))
        self._probe = [line for _, line in zip(range(PROBE), lines, strict=False)]
        self._lines = chain(self._probe, lines)
        first = next((line.lstrip() for line in self._probe if line.strip()), b"")
        if first.startswith(b"["):
            raise DataError(
                "the file is one JSON list, not one object a line",
                where=self.label,
                allowed='lines such as {"user_id": "u1", "item_id": "i1", "timestamp": 1700000000}',
                mend="convert it, for example with `jq -c '.[]' FILE > FILE.jsonl`",
            )
        objects = (parsed for line in self._probe if isinstance(parsed := parse_line(line), dict))
        self.columns = list(dict.fromkeys(key for parsed in objects for key in parsed))
        if not self.columns:
            raise DataError(
                f"none of the first {len(self._probe):,} lines is a JSON object",
                where=self.label,
                allowed='lines such as {"user_id": "u1", "item_id": "i1", "timestamp": 1700000000}',
                mend="check the file; give --format csv if it is a table",
            )

    def typed(self, column: pl.Series) -> pl.Series:
        """The type of the JSON values, where all of a column have the same."""
        return self._kinds.typed(column, column.name)

    def chunks(self, quarantine: Quarantine) -> Iterator[Chunk]:
        """The objects in the order of the file; keys that come up later become columns too."""
        rows: list[dict[str, Any]] = []
        lines: list[tuple[int, bytes]] = []
        self._probe = []
        for number, line in enumerate(self._lines, start=1):
            if not line.strip():
                self._blank += 1
                continue
            parsed = parse_line(line)
            if isinstance(parsed, str):
                quarantine.add(number, parsed, line)
                continue
            rows.append(parsed)
            lines.append((number, line))
            if len(rows) == ROWS:
                yield self._chunk(rows, lines)
                rows, lines = [], []
        if rows:
            yield self._chunk(rows, lines)
        self.facts["blank_lines"] = self._blank

    def _chunk(self, rows: list[dict[str, Any]], lines: list[tuple[int, bytes]]) -> Chunk:
        names = dict.fromkeys(chain(self.columns, *rows))
        columns, odd = [], {}
        for name in names:
            column, strange = self._kinds.column(name, [row.get(name) for row in rows])
            columns.append(column)
            if strange is not None:
                odd[name] = strange
        numbers = np.array([number for number, _ in lines], dtype=np.int64)
        return Chunk(pl.DataFrame(columns), numbers, lambda row: lines[row][1], odd)


def parse_line(line: bytes) -> dict[str, Any] | str:
    """The object on a line, or the reason why there is none."""
    if len(line) > MAX_RECORD:
        return TOO_LONG
    if b"\0" in line:
        return NUL
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return UTF8
    parsed = _loads(text.strip())
    if parsed is None:
        return NOT_JSON
    if not isinstance(parsed, dict):
        return NOT_OBJECT
    if "\\u" in text and not encodable([json.dumps(parsed, ensure_ascii=False, default=str)]):
        return UTF8
    return {str(key) or NAMELESS: value for key, value in parsed.items()}


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if not text.startswith("{'"):
        return None
    try:
        return ast.literal_eval(text)  # the Amazon 2014 files hold Python's own notation; nothing is executed
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their line breaks; one that never ends is given up piece by piece, so that memory stays bounded."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
        if len(rest) > MAX_RECORD:
            yield rest
            rest = b""
    if rest:
        yield rest
