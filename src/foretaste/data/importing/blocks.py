"""The bytes of a text file, block by block: unpacked, in UTF-8, with every failure turned into a clear error."""

from __future__ import annotations

import codecs
import gzip
import importlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import polars as pl

from foretaste.core.errors import ConfigError, DataError
from foretaste.core.progress import progress_bars

BLOCK = 1 << 24
"""Bytes that are looked at together."""

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
FOREIGN = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a ZIP archive or spreadsheet",
    b"SQLite format 3\0": "an SQLite database",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x80\x04": "a pickle",
}
"""First bytes of files that are no text."""


def text_blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """The file's text as UTF-8 bytes without a byte-order mark, in blocks of any length, while a bar shows progress.

    Bytes that the encoding does not allow come through as invalid UTF-8, so that only their rows are refused.

    Raises:
        DataError: If the file is empty, no text, damaged or unreadable.
    """
    total = max(path.stat().st_size >> 20, 1)
    start = True
    with progress_bars() as bars:
        task = bars.add_task(f"reading {path.name}", total=total, note="MiB")
        for block, consumed in _transcoded(path, encoding):
            if start:
                _check_text(path, block)
                block = _unmarked(block)
                start = False
            yield block
            bars.update(task, completed=min(consumed >> 20, total))
    if start:
        raise DataError("the file is empty", where=str(path), allowed="at least one row", mend="give another file")


def unix_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same text with ``\\n`` as its only line break; a file with carriage returns alone gets them replaced too."""
    held, mac = b"", False
    seen = False
    for block in blocks:
        block = held + block
        if not seen and (b"\n" in block or b"\r" in block):
            seen, mac = True, b"\n" not in block and b"\r" in block[:-1]
        held = b"\r" if block.endswith(b"\r") and not mac else b""
        block = block[:-1] if held else block
        if b"\r" in block:
            block = block.replace(b"\r", b"\n") if mac else block.replace(b"\r\n", b"\n")
        yield block
    if held:
        yield b"\n"


def _unmarked(block: bytes) -> bytes:
    return block[3:] if block.startswith(codecs.BOM_UTF8) else block


def _check_text(path: Path, block: bytes) -> None:
    for magic, what in FOREIGN.items():
        if block.startswith(magic):
            raise DataError(
                f"this looks like {what}, not like text",
                where=str(path),
                allowed="CSV, TSV, JSONL (also .gz, .zst), Parquet, SQLite or DuckDB, each with its suffix",
                mend="unpack or export it first, or give --format",
            )
    sample = block[: 1 << 16]
    control = len(sample) - len(sample.translate(None, bytes([*range(9), *range(14, 27), *range(28, 32), 127])))
    if control > 0.1 * len(sample):
        raise DataError(
            "the file holds binary data, not text",
            where=str(path),
            allowed="CSV, TSV or JSONL text",
            mend="give the right file, or --format and --encoding",
        )


def _transcoded(path: Path, encoding: str) -> Iterator[tuple[bytes, int]]:
    decoder: codecs.IncrementalDecoder | None = None
    first = True
    for block, consumed in _unpacked(path):
        if first:
            decoder = _decoder(encoding, block)
            first = False
        if decoder is None:
            yield block, consumed
            continue
        text = _decoded(decoder, block, path, encoding)
        if text:
            yield text, consumed
    if decoder is not None and (rest := _decoded(decoder, b"", path, encoding, final=True)):
        yield rest, 0


def _decoder(encoding: str, first: bytes) -> codecs.IncrementalDecoder | None:
    """None where the bytes can stay as they are."""
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        "a".encode(encoding)  # refuses codecs that are none of text
        name = codecs.lookup(encoding).name
        if name in ("utf-8", "utf-8-sig", "ascii"):
            return None
        return codecs.getincrementaldecoder(encoding)(errors="surrogateescape" if name != "utf-16" else "replace")
    except (LookupError, TypeError, UnicodeError) as error:
        raise ConfigError(
            f"there is no encoding {encoding!r}",
            allowed="utf-8, latin-1, cp1252, utf-16 and others that Python knows",
            mend="give --encoding latin-1 for Western European text, or leave the option out",
        ) from error


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes, path: Path, encoding: str, final: bool = False) -> bytes:
    try:
        return decoder.decode(block, final).encode("utf-8", errors="surrogatepass")
    except (UnicodeError, TypeError, ValueError) as error:
        raise DataError(
            f"the file is not {encoding} text: {error}",
            where=str(path),
            allowed="text in the given encoding",
            mend="give another --encoding",
        ) from error


def _unpacked(path: Path) -> Iterator[tuple[bytes, int]]:
    """Blocks and how many bytes of the file itself have been read; packing is recognised by the first bytes."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            if magic.startswith(ZSTD):
                yield from _zstd(path, file)
                return
            stream: IO[bytes] = gzip.GzipFile(fileobj=file) if magic.startswith(GZIP) else file  # type: ignore[assignment]
            while block := stream.read(BLOCK):
                yield block, file.tell()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"the gzip file is damaged or cut short: {error}",
            where=str(path),
            allowed="a whole gzip file",
            mend="fetch or pack it again; `gzip -t` tests it",
        ) from error
    except OSError as error:
        raise DataError(
            f"the file cannot be read: {error.strerror or error}", where=str(path), mend="check its permissions"
        ) from error


def _zstd(path: Path, file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Unpacks with Python's own module (3.14 and later) or ``zstandard``; else polars does, which is stricter."""
    opener = _zstd_module()
    try:
        if opener is not None:
            with opener(file) as stream:
                while block := stream.read(BLOCK):
                    yield block, file.tell()
            return
        for lines in pl.scan_lines(path).collect_batches(chunk_size=1 << 17):
            yield ("\n".join(lines.to_series().to_list()) + "\n").encode(), path.stat().st_size // 2
    except (pl.exceptions.PolarsError, OSError, EOFError, ValueError, RuntimeError) as error:
        raise DataError(
            f"the zstd file cannot be unpacked: {str(error).splitlines()[0]}",
            where=str(path),
            allowed="a whole zstd file of UTF-8 text",
            mend="unpack it with `zstd -d` and import the plain file",
        ) from error


def _zstd_module() -> Any:
    for module, name in (("compression.zstd", "ZstdFile"), ("zstandard", "open")):
        try:
            return getattr(importlib.import_module(module), name)
        except ImportError:
            continue
    return None
