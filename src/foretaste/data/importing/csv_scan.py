"""Where the records of a CSV block start and end, found with vector arithmetic, and proof that they are well formed.

A quote counts only at the start of a field, as RFC 4180 says. The scan accepts a block only when every opening quote
stands at the start of a field and every closing one at its end; then line breaks outside quotes are exactly those with
an even number of quotes before them. Any other block is left to :mod:`foretaste.data.importing.csv_careful`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEWLINE, QUOTE = 10, 34


@dataclass(frozen=True)
class Records:
    """The records of a block.

    Attributes:
        starts: First byte of each record, ``(n,)``.
        ends: The line break that ends it, ``(n,)``.
        lines: Line of the file in which it starts, ``(n,)``.
        fields: How many fields it has, ``(n,)``.
        consumed: Bytes of the block that the records cover.
        newlines: Line breaks in these bytes.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    fields: NDArray[np.int64]
    consumed: int
    newlines: int


def scan(data: bytes, separator: int, first_line: int) -> Records | None:
    """The records of ``data`` that are whole, or None when quotes stand where they should not.

    Args:
        data: Text whose line breaks are ``\\n``; what follows the last whole record is left for the next block.
        separator: The byte between fields.
        first_line: Line of the file in which ``data`` starts.
    """
    view = np.frombuffer(data, dtype=np.uint8)
    newlines, separators = (np.flatnonzero(view == byte) for byte in (NEWLINE, separator))
    ends = newlines
    if QUOTE in data:
        end = int(newlines[-1]) + 1 if len(newlines) else 0
        quotes = np.flatnonzero(view[:end] == QUOTE)
        if not _well_placed(view, quotes, separator):
            return None
        ends = newlines[_outside(quotes, newlines)]
        separators = separators[_outside(quotes, separators)]
    if not len(ends):
        empty = np.empty(0, dtype=np.int64)
        return Records(empty, empty, empty, empty, 0, 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    before = np.searchsorted(separators, ends)
    fields = np.diff(before, prepend=0) + 1
    if len(ends) == len(newlines):
        lines = first_line + np.arange(len(ends), dtype=np.int64)
    else:
        lines = first_line + np.searchsorted(newlines, starts)
    consumed = int(ends[-1]) + 1
    return Records(starts, ends, lines, fields, consumed, int(np.searchsorted(newlines, consumed)))


def _outside(quotes: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which places have an even number of quotes before them."""
    return np.asarray(np.searchsorted(quotes, places) % 2 == 0)


def _well_placed(view: NDArray[np.uint8], quotes: NDArray[np.int64], separator: int) -> bool:
    """Whether quotes open only at a field's start (or as the second of a doubled pair) and close only at its end."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = view[opening - 1]
    opens = (before == separator) | (before == NEWLINE) | (before == QUOTE) | (opening == 0)
    after = view[closing + 1]  # the data end with a line break, so that there is always one more byte
    closes = (after == separator) | (after == NEWLINE) | (after == QUOTE)
    return bool(opens.all() and closes.all())
