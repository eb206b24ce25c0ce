"""Records of a block of CSV that cannot be read: which, why, and the block without them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretaste.data.importing.csv_careful import COUNT, NUL, UTF8
from foretaste.data.importing.csv_scan import Records


def refusals(data: bytes, records: Records, width: int) -> dict[int, str | None]:
    """The records that cannot be read, in order, with the reason; None stands for a blank line."""
    found: dict[int, str | None] = {}
    blank = records.starts == records.ends
    for row in np.flatnonzero(blank | (records.fields != width)).tolist():
        empty = not data[records.starts[row] : records.ends[row]].strip()
        found[row] = None if empty else COUNT
    view = np.frombuffer(data, dtype=np.uint8)
    if 0 in data:
        for row in _owners(records, np.flatnonzero(view == 0)):
            found.setdefault(row, NUL)
    if not data.isascii() and not _decodes(data):
        for row in _owners(records, np.flatnonzero(view >= 128)):
            if row not in found and not _decodes(data[records.starts[row] : records.ends[row]]):
                found[row] = UTF8
    return dict(sorted(found.items()))


def _owners(records: Records, places: NDArray[np.int64]) -> list[int]:
    """The records in which some bytes lie."""
    rows = np.unique(np.searchsorted(records.ends, places))
    return [int(row) for row in rows if row < len(records.ends)]


def _decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def without(data: bytes, records: Records, refused: dict[int, str | None]) -> bytes:
    """The bytes of all records but the refused ones."""
    if not refused and records.consumed == len(data):
        return data
    pieces, at = [], 0
    for row in refused:
        pieces.append(data[at : records.starts[row]])
        at = int(records.ends[row]) + 1
    return b"".join([*pieces, data[at : records.consumed]])
