"""Reading a packed file that came from outside: bounded, followed by a progress bar, damage told as such."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from foretaste.core.errors import DataError
from foretaste.data.sources.transfer import Advance

RATIO, FLOOR = 100, 256 << 20
"""Nothing may unpack to more than this many times its archive (text packs to about a tenth), or than the floor."""
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError)
"""What the unpackers raise on damaged input."""
BLOCK = 1 << 20


class Guarded(io.RawIOBase):
    """A stream that refuses to go beyond a bound, and turns the unpackers' errors into one.

    Args:
        inner: What is read.
        limit: Most bytes that may come out.
        where: File (and member) for error messages.
        after_read: Called after each block.
    """

    def __init__(self, inner: IO[bytes], limit: int, where: Path | str, after_read: Callable[[], None]) -> None:
        self._inner, self._limit, self._where, self._after = inner, limit, where, after_read
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        try:
            block = self._inner.read(len(view))
        except DAMAGE as error:
            raise damaged(self._where, error) from error
        view[: len(block)] = block
        self._count += len(block)
        if self._count > self._limit:
            raise DataError(
                f"the file unpacks to more than {self._limit:,} bytes, which no such file should",
                where=str(self._where),
                allowed=f"at most {RATIO} times the size of its archive",
                mend="do not use this file; fetch it again from its publisher",
            )
        self._after()
        return len(block)


def limit_for(path: Path) -> int:
    """How much a file may unpack to."""
    return max(FLOOR, RATIO * path.stat().st_size)


def following(raw: BinaryIO, path: Path, advance: Advance) -> Callable[[], None]:
    """A callback that tells a progress bar how much of the packed file has been read."""
    size = path.stat().st_size
    return lambda: advance(min(raw.tell(), size), size)


@contextmanager
def open_stream(path: Path, advance: Advance) -> Iterator[BinaryIO]:
    """A plain or gzipped file as a stream of its unpacked bytes."""
    with path.open("rb") as raw:
        follow = following(raw, path, advance)
        if raw.read(2) == b"\x1f\x8b":
            raw.seek(0)
            unpacked: IO[bytes] = gzip.GzipFile(fileobj=raw)  # type: ignore[assignment]
            yield buffered(Guarded(unpacked, limit_for(path), path, follow))
        elif path.suffix == ".gz":
            raise damaged(path, "it does not begin like a gzip file")
        else:
            raw.seek(0)
            yield buffered(Guarded(raw, path.stat().st_size, path, follow))


def buffered(stream: Guarded) -> BinaryIO:
    """Lines and large blocks from a guarded stream."""
    return io.BufferedReader(stream, BLOCK)


def damaged(where: Path | str, error: object) -> DataError:
    """The error for a file that cannot be unpacked."""
    return DataError(
        f"the file is damaged: {error or type(error).__name__}",
        where=str(where),
        allowed="a whole file as its publisher wrote it",
        mend="delete it and fetch it again",
    )
