"""Whatever bytes come: an error for the user or a counted quarantine, never another exception; good rows survive."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretaste.core.errors import ForetasteError
from foretaste.data.importing import csv_reader
from foretaste.data.importing.catalogue import read_items
from foretaste.data.importing.csv_careful import parse_carefully
from foretaste.data.importing.csv_reader import CsvSource
from foretaste.data.importing.csv_scan import scan
from foretaste.data.importing.jsonl_reader import JsonlSource
from foretaste.data.importing.log import read_log
from foretaste.data.importing.opening import open_source
from foretaste.data.importing.options import ImportOptions
from foretaste.data.importing.quarantine import Quarantine
from foretaste.data.importing.times import TimeRule

OPTIONS = ImportOptions(max_rejected=1.0)
HEAD = b"user_id,item_id,timestamp,note\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def survives(path: Path) -> None:
    """Reads a file as a log and as a catalogue; only the errors for users may come out."""
    for read in (_as_log, _as_items):
        quarantine = Quarantine(str(path))
        try:
            height = read(path, quarantine)
        except ForetasteError:
            continue
        else:
            assert height == quarantine.accepted > 0
            assert quarantine.table().height == quarantine.rejected == sum(quarantine.counts.values())


def _as_log(path: Path, quarantine: Quarantine) -> int:
    return read_log(open_source(path, OPTIONS), {}, TimeRule("auto", 1.8e9), quarantine, 1.0).table.height


def _as_items(path: Path, quarantine: Quarantine) -> int:
    return read_items(open_source(path, OPTIONS), {}, quarantine, 1.0).table.height


@settings(deadline=None, max_examples=30)
@given(
    data=st.binary(max_size=200), suffix=st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz", ".csv.zst"])
)
def test_arbitrary_bytes(folder: Path, data: bytes, suffix: str) -> None:
    path = folder / f"bytes{suffix}"
    path.write_bytes(data)
    survives(path)


@settings(deadline=None, max_examples=30)
@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_below_a_header(folder: Path, data: bytes) -> None:
    path = folder / "below.csv"
    path.write_bytes(HEAD + data)
    survives(path)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(
    st.sampled_from(["user_id", "item_id", "timestamp", "rating", "title", "price", "categories"]), VALUES
)


@settings(deadline=None, max_examples=30)
@given(objects=st.lists(OBJECTS | VALUES, max_size=6), escaped=st.booleans())
def test_arbitrary_json_lines(folder: Path, objects: list[object], escaped: bool) -> None:
    path = folder / "any.jsonl"
    texts = (json.dumps(value, ensure_ascii=escaped) for value in objects)
    path.write_bytes("\n".join(texts).encode(errors="surrogatepass"))
    survives(path)


HARM = bytes(byte for byte in range(256) if byte not in b'"\n\r')
"""Bytes that change no more than the line they stand in."""


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**9), cuts=st.integers(1, 6))
def test_a_file_with_bytes_changed_loses_no_other_row(folder: Path, seed: int, cuts: int) -> None:
    rng = random.Random(seed)
    rows = [f"u{i},i{i},{1_400_000_000 + i},note {i}".encode() for i in range(30)]
    hurt = set()
    for _ in range(cuts):
        row = rng.randrange(len(rows))
        line = bytearray(rows[row])
        place = rng.randrange(len(line))
        line[place : place + rng.randrange(2)] = bytes(
            rng.choice([b for b in range(256) if b not in b'"\n\r']) for _ in range(2)
        )
        rows[row] = bytes(line)
        hurt.add(row)
    path = folder / "changed.csv"
    path.write_bytes(HEAD + b"\n".join(rows) + b"\n")
    quarantine = Quarantine(str(path))
    table = read_log(open_source(path, OPTIONS), {}, TimeRule("auto", 1.8e9), quarantine, 1.0).table
    assert table.height + quarantine.rejected == len(rows)
    assert {f"u{i}" for i in range(len(rows)) if i not in hurt} <= set(table["user_id"].cast(pl.String))
    assert {line - 2 for line in quarantine.table()["line"]} <= hurt


@settings(deadline=None, max_examples=30)
@given(places=st.sets(st.integers(0, 29), max_size=1), column=st.integers(0, 3))
def test_a_lost_quote_costs_one_row(folder: Path, places: set[int], column: int) -> None:
    rows = [[f"u{i}", f"i{i}", str(1_400_000_000 + i), f'"a, {i}"'] for i in range(30)]
    for place in places:
        rows[place][column] = '"' + rows[place][column].strip('"')
    path = folder / "lost.csv"
    path.write_bytes(HEAD + "\n".join(",".join(row) for row in rows).encode() + b"\n")
    quarantine = Quarantine(str(path))
    table = read_log(open_source(path, OPTIONS), {}, TimeRule("auto", 1.8e9), quarantine, 1.0).table
    assert set(table["user_id"].cast(pl.String)) == {f"u{i}" for i in range(30) if i not in places}
    assert quarantine.table()["line"].to_list() == [place + 2 for place in places]


FIELDS = st.text(st.sampled_from('ab,"\n é'), max_size=6)


def written(rows: list[list[str]], quoting: int) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, quoting=quoting, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return stream.getvalue().encode()


ROWS = st.lists(st.lists(FIELDS, min_size=3, max_size=3), min_size=1, max_size=12)
QUOTING = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])


@settings(deadline=None, max_examples=100)
@given(rows=ROWS, quoting=QUOTING, block=st.integers(1, 40))
def test_well_formed_csv_reads_as_the_csv_module_does(
    folder: Path, rows: list[list[str]], quoting: int, block: int
) -> None:
    """However the file falls into blocks."""
    path = folder / "well.csv"
    path.write_bytes(b"a,b,c\n" + written(rows, quoting))
    whole = csv_reader.text_blocks

    def small(path: Path, encoding: str) -> Iterator[bytes]:
        data = b"".join(whole(path, encoding))
        yield from (data[at : at + block] for at in range(0, len(data), block))

    csv_reader.text_blocks = small
    try:
        source, quarantine = CsvSource(path, separator=","), Quarantine("well")
        chunks = list(source.chunks(quarantine))
    finally:
        csv_reader.text_blocks = whole
    found = [[field or "" for field in row] for chunk in chunks for row in chunk.frame.iter_rows()]
    expected = [row for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")) if row][1:]
    assert not quarantine.rejected
    assert found == [row for row in expected if len(row) == 3]


@settings(deadline=None, max_examples=100)
@given(rows=ROWS, quoting=QUOTING)
def test_the_careful_pass_and_the_scan_agree(rows: list[list[str]], quoting: int) -> None:
    data = written(rows, quoting)
    fast, careful = scan(data, ord(","), 1), parse_carefully(data, b",", 3, 1, True)
    assert fast is not None
    assert (fast.consumed, fast.newlines) == (careful.consumed, careful.newlines) == (len(data), data.count(b"\n"))
    assert list(zip(fast.starts, fast.ends, strict=True)) == careful.spans
    assert fast.lines.tolist() == careful.lines
    assert not careful.refused
    assert careful.rows == rows


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60).map(lambda raw: bytes(b'a,"\n\n,"b'[b % 8] for b in raw) + b"\n"))
def test_the_careful_pass_accounts_for_every_line(data: bytes) -> None:
    parsed = parse_carefully(data, b",", 2, 1, True)
    assert parsed.consumed == len(data)
    covered = [*parsed.spans, *((start, end) for _, _, start, end in parsed.refused)]
    text = sum(data.count(b"\n", start, end) + 1 for start, end in covered)
    assert text + parsed.blank == data.count(b"\n")
    fast = scan(data, ord(","), 1)
    if fast is not None and not parsed.refused and not parsed.blank:
        assert list(zip(fast.starts, fast.ends, strict=True)) == parsed.spans


def test_json_lines_of_any_chunking_read_the_same(folder: Path) -> None:
    path = folder / "many.jsonl"
    path.write_text("\n".join(json.dumps({"user_id": i, "item_id": f"i{i}"}) for i in range(3000)))
    quarantine = Quarantine("many")
    ids = [row for chunk in JsonlSource(path).chunks(quarantine) for row in chunk.frame["user_id"]]
    assert Counter(ids) == Counter(str(i) for i in range(3000))
