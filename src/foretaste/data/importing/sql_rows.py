"""The answer of a database, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from foretaste.core.errors import DataError
from foretaste.data.importing.columns import NAMELESS
from foretaste.data.importing.python_rows import Kinds
from foretaste.data.importing.quarantine import Quarantine
from foretaste.data.importing.source import Chunk


class CursorSource:
    """The answer of a database, row by row."""

    def __init__(self, kind: str, label: str, columns: list[str], batches: Iterator[Sequence[Any]]) -> None:
        """Takes an answer whose columns are known and whose rows come in batches of tuples."""
        if not columns or len(set(columns)) < len(columns):
            raise DataError(
                "the query gives no columns" if not columns else "the query gives two columns of the same name",
                where=label,
                allowed="a SELECT with a name of its own for each column; found: " + ", ".join(columns),
                mend="name them with AS",
            )
        self.label, self.columns, self._batches = label, [name or NAMELESS for name in columns], batches
        self.facts: dict[str, Any] = {"kind": kind}
        self._kinds = Kinds()

    def typed(self, column: pl.Series) -> pl.Series:
        """The type of the values, where all of a column have the same."""
        return self._kinds.typed(column, column.name)

    def chunks(self, quarantine: Quarantine) -> Iterator[Chunk]:
        """The rows in the database's order; ``lines`` are row numbers from 1."""
        seen = 0
        for rows in self._batches:
            columns, odd = [], {}
            for place, name in enumerate(self.columns):
                column, strange = self._kinds.column(name, [row[place] for row in rows])
                columns.append(column)
                if strange is not None:
                    odd[name] = strange
            lines = np.arange(seen + 1, seen + 1 + len(rows), dtype=np.int64)
            yield Chunk(pl.DataFrame(columns), lines, _Text(rows), odd)
            seen += len(rows)


class _Text:
    """A row of an answer as text."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def __call__(self, row: int) -> str:
        return str(tuple(self._rows[row]))
