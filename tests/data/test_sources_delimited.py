"""Tables of ratings read in blocks give what a plain reading, line by line, gives."""

from __future__ import annotations

import io
import math
from unittest import mock

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from foretaste.data.sources import delimited
from foretaste.data.sources.delimited import Layout, read_ratings
from foretaste.data.sources.rejects import Rejects

FIELDS = ("user_id", "item_id", "rating", "timestamp")
GOOD = st.tuples(
    st.sampled_from(["7", "u1", "Zoë"]),
    st.sampled_from(["B1", "42"]),
    st.sampled_from(["5", "3.5", "0"]),
    st.sampled_from(["978300760", "1369699200"]),
)
ODD = st.lists(
    st.sampled_from(["", " ", "7", '"7"', "nan", "1e400", "x", "978300760", "12", "-5", "9" * 30]), max_size=6
)
LINES = st.lists(st.one_of(GOOD, GOOD, GOOD, ODD.map(tuple)), max_size=30)


def by_hand(lines: list[str], separator: str) -> tuple[list[tuple[str, str, int, float]], set[int]]:
    """Good rows and the numbers of bad lines; blank lines are neither."""
    good, bad = [], set()
    for number, line in enumerate(lines, 1):
        fields = [field.strip(' "') for field in line.split(separator)]
        if fields == [""] and not line:
            continue
        try:
            user, item, rating, time = fields
            row = (user, item, int(time), float(np.float32(rating)))  # four bytes are kept of a rating
        except ValueError:
            bad.add(number)
            continue
        if user and item and math.isfinite(row[3]) and 631_152_000 <= row[2] < 4_102_444_800:
            good.append(row)
        else:
            bad.add(number)
    return good, bad


@given(LINES, st.sampled_from([",", "\t", "::"]), st.integers(1, 200), st.booleans())
@example([("u1", "B1", "9" * 30, "978300760")], ",", 200, True)
def test_blocks_of_any_size_give_what_lines_give(
    rows: list[tuple[str, ...]], separator: str, block: int, ended: bool
) -> None:
    lines = [separator.join(row) for row in rows]
    content = "\n".join(lines).encode() + (b"\n" if ended else b"")
    rejects = Rejects()
    with mock.patch.object(delimited, "BLOCK", block):
        tables = list(read_ratings(io.BytesIO(content), "log", Layout(FIELDS, separator), rejects))
    found = [row for table in tables for row in table.iter_rows()]
    good, bad = by_hand(lines, separator)
    assert found == good
    assert set(rejects.table()["line"].to_list()) == bad
    assert len(rejects) == len(bad)
