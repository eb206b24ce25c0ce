"""A file that is still arriving: ``name.part`` with the bytes so far, ``name.part.json`` with what they are of."""

from __future__ import annotations

import errno
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from foretaste.core.errors import DataError
from foretaste.core.files import write_json

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class Origin:
    """Which version of which file the bytes belong to.

    Attributes:
        url: The address.
        etag: The server's tag of this version, "" if it gave none.
        modified: Its date of change, "" if it gave none.
        total: Bytes of the whole file, or None where the server did not say.
    """

    url: str
    etag: str = ""
    modified: str = ""
    total: int | None = None

    @property
    def validator(self) -> str:
        """What ``If-Range`` may ask for: a strong tag, else a date; "" if there is neither (RFC 9110, 13.1.5)."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


class Part:
    """The two files of a download that has not ended."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(target.name + ".part")
        self.note = target.with_name(target.name + ".part.json")

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def origin(self) -> Origin | None:
        """What the bytes belong to, or None when that is not known (then they are worth nothing)."""
        try:
            return Origin(**json.loads(self.note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def begin(self, origin: Origin) -> None:
        """Forgets the bytes and notes what the coming ones belong to."""
        self.clear()
        write_json(self.note, asdict(origin))

    def clear(self) -> None:
        """Removes both files."""
        self.note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def append(self) -> BinaryIO:
        """Opens the file at its end; unbuffered, so that a killed process keeps what it received."""
        return self.path.open("ab", buffering=0)


def write_block(stream: BinaryIO, block: bytes, path: Path) -> None:
    """Writes all of a block.

    Raises:
        DataError: If the disk does not take it.
    """
    view = memoryview(block)
    try:
        while view:
            view = view[stream.write(view) :]
    except OSError as error:
        full = error.errno in FULL
        raise DataError(
            f"cannot write the download: {error.strerror or error}",
            where=str(path),
            allowed="a disk with room for the file",
            mend="free some space and run the command again: it goes on where it stopped"
            if full
            else "choose another folder with --cache",
        ) from error
