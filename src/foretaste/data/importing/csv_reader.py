"""CSV and TSV: whole blocks at the speed of polars where they are proven sound, record by record where they are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from foretaste.core.errors import DataError
from foretaste.data.importing.blocks import text_blocks, unix_lines
from foretaste.data.importing.columns import header_names
from foretaste.data.importing.csv_careful import parse_carefully, split_record
from foretaste.data.importing.csv_refusals import refusals, without
from foretaste.data.importing.csv_scan import Records, scan
from foretaste.data.importing.infer import infer_text
from foretaste.data.importing.quarantine import Quarantine
from foretaste.data.importing.source import Chunk

MAX_RECORD = 1 << 26
"""A record longer than this (64 MiB) is none; it bounds the memory that a lost quote can cost."""

TOO_LONG = "record too long"
CANDIDATES = (",", "\t", ";", "|")
TAB_SUFFIXES = (".tsv", ".tab", ".inter", ".item", ".user")
"""Files whose columns stand between tabs; the last three are RecBole's."""


class CsvSource:
    """A delimited text file, plain or packed."""

    def __init__(
        self,
        path: Path,
        *,
        separator: str | None = None,
        encoding: str = "utf-8",
        header: tuple[str, ...] | None = None,
    ) -> None:
        """Opens the file and reads its header; see :class:`ImportOptions` for the arguments."""
        self.label = str(path)
        self._stream = unix_lines(text_blocks(path, encoding))
        self._data, self._line, self._blank = b"", 1, 0
        first = self._first_line()
        self.separator = separator or (
            "\t" if bare_suffix(path) in TAB_SUFFIXES else detect(first.decode(errors="replace"))
        )
        self.columns, doubled = header_names(self._header() if header is None else header)
        self.facts: dict[str, Any] = {"kind": "csv", "separator": self.separator, "encoding": encoding}
        if doubled:
            self.facts["doubled_columns"] = sorted(doubled)

    def typed(self, column: pl.Series) -> pl.Series:
        """Text becomes numbers or truth values where every value is one."""
        return infer_text(column)

    def chunks(self, quarantine: Quarantine) -> Iterator[Chunk]:
        """The records of every block; ``facts["blank_lines"]`` counts empty lines."""
        data, final = self._data, False
        self._data = b""
        while not final:
            block = next(self._stream, None)
            final = block is None
            if final and data and not data.endswith(b"\n"):
                data += b"\n"
            chunk, used = self._parse(data, final, quarantine)
            if chunk is not None and chunk.frame.height:
                yield chunk
            data = data[used:]
            if len(data) > MAX_RECORD and b"\n" not in data:
                block = self._skip_line(data, block, quarantine)
                data = b""
            data += block or b""
        self.facts["blank_lines"] = self._blank

    def _first_line(self) -> bytes:
        """Reads until there is a line with something on it, and returns it."""
        while True:
            self._data, blank = _without_blank_lines(self._data)
            self._line += blank
            line, found, _ = self._data.partition(b"\n")
            if found or len(line) > MAX_RECORD or not self._more():
                break
        if not line.strip():
            raise DataError(
                "the file holds nothing but blank lines", where=self.label, allowed="a header line and rows"
            )
        return line

    def _more(self) -> bool:
        block = next(self._stream, None)
        self._data += block or b""
        return block is not None

    def _header(self) -> list[str]:
        """Takes the header record off the data."""
        fields, end = None, -1
        while True:
            if b"\n" in self._data:
                fields, end = split_record(self._data, 0, self._data.index(b"\n"), self.separator.encode())
            if fields is not None or len(self._data) > MAX_RECORD or not self._more():
                break
        if b"\n" not in self._data:
            self._data += b"\n"
        if fields is None:  # broken quotes in the header: take the line as it stands
            end = self._data.index(b"\n")
            fields = self._data[:end].replace(b'"', b"").split(self.separator.encode())
        self._line += self._data.count(b"\n", 0, end + 1)
        self._data = self._data[end + 1 :]
        return [part.decode(errors="replace") for part in fields]

    def _skip_line(self, data: bytes, block: bytes | None, quarantine: Quarantine) -> bytes | None:
        """Refuses a line that does not end, and returns what follows it."""
        quarantine.add(self._line, TOO_LONG, data[: 1 << 14])
        self._line += 1
        while block is not None and b"\n" not in block:
            block = next(self._stream, None)
        return None if block is None else block.partition(b"\n")[2]

    def _parse(self, data: bytes, final: bool, quarantine: Quarantine) -> tuple[Chunk | None, int]:
        """The records of ``data`` that are whole, and how many bytes they cover."""
        whole = data if data.endswith(b"\n") else data[: data.rfind(b"\n") + 1]
        if not whole:
            return None, 0
        records = scan(whole, ord(self.separator), self._line)
        no_wait = final or len(data) > MAX_RECORD
        if records is None or (no_wait and records.consumed < len(whole)) or self._swallowed(records):
            return self._careful(whole, no_wait, quarantine)
        return self._fast(whole, records, quarantine) or self._careful(whole, no_wait, quarantine)

    def _swallowed(self, records: Records) -> bool:
        """Whether a record runs over several lines and then has the wrong number of fields: a lost quote, likely."""
        over = np.diff(records.lines, append=self._line + records.newlines) > 1
        return bool((over & (records.fields != len(self.columns))).any())

    def _fast(self, data: bytes, records: Records, quarantine: Quarantine) -> tuple[Chunk, int] | None:
        refused = refusals(data, records, len(self.columns))
        good = np.ones(len(records.starts), dtype=bool)
        good[list(refused)] = False
        sound = without(data, records, refused)
        frame = self._read(sound, int(good.sum()), b'"' in sound)
        if frame is None:
            return None
        for row, reason in refused.items():
            if reason is None:
                self._blank += 1
            else:
                quarantine.add(int(records.lines[row]), reason, data[records.starts[row] : records.ends[row]])
        starts, ends = records.starts[good], records.ends[good]
        self._line += records.newlines
        return Chunk(frame, records.lines[good], lambda row: data[starts[row] : ends[row]]), records.consumed

    def _read(self, data: bytes, rows: int, quoted: bool) -> pl.DataFrame | None:
        """All columns as text, or None when polars sees other records than the scan."""
        schema = dict.fromkeys(self.columns, pl.String)
        if not rows:
            return pl.DataFrame(schema=schema)
        try:
            frame = pl.read_csv(
                data, has_header=False, separator=self.separator, quote_char='"' if quoted else None, schema=schema
            )
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            return None
        return frame if frame.height == rows else None

    def _careful(self, data: bytes, final: bool, quarantine: Quarantine) -> tuple[Chunk, int]:
        parsed = parse_carefully(data, self.separator.encode(), len(self.columns), self._line, final)
        for line, reason, start, end in parsed.refused:
            quarantine.add(line, reason, data[start:end])
        self._line += parsed.newlines
        self._blank += parsed.blank
        frame = pl.DataFrame(parsed.rows, schema=dict.fromkeys(self.columns, pl.String), orient="row")
        spans = parsed.spans
        lines = np.array(parsed.lines, dtype=np.int64)
        return Chunk(frame, lines, lambda row: data[slice(*spans[row])]), parsed.consumed


def detect(header: str) -> str:
    """The separator that occurs most often in a header line outside quotes.

    >>> detect("user;item;time"), detect("user")
    (';', ',')
    """
    bare = "".join(header.split('"')[0::2])
    return max(CANDIDATES, key=lambda candidate: (bare.count(candidate), -CANDIDATES.index(candidate)))


def _without_blank_lines(data: bytes) -> tuple[bytes, int]:
    """The data from the first line on that holds something, and how many lines were cut off."""
    stripped = data.lstrip()
    cut = data.rfind(b"\n", 0, len(data) - len(stripped)) + 1
    return data[cut:], data.count(b"\n", 0, cut)


def bare_suffix(path: Path) -> str:
    """The suffix of a file name in lower case, without that of a packer: ``log.CSV.gz`` has ``.csv``."""
    name = path.name.lower()
    for packed in (".gz", ".zst"):
        name = name.removesuffix(packed)
    return Path(name).suffix
