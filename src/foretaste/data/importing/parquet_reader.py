"""Parquet files, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from foretaste.core.errors import DataError
from foretaste.core.progress import progress_bars
from foretaste.data.importing.quarantine import Quarantine
from foretaste.data.importing.source import Chunk

ROWS = 1 << 20
"""Rows that make a chunk."""

BROKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What polars may raise on a damaged file; a panic is no ``Exception`` and would go past every other handler."""


class ParquetSource:
    """A Parquet file; its columns keep their types."""

    def __init__(self, path: Path, *, label: str | None = None, kind: str = "parquet") -> None:
        """Opens the file and reads its schema."""
        self.label = label or str(path)
        self.facts: dict[str, Any] = {"kind": kind}
        self._path = path
        self._scan = pl.scan_parquet(path, glob=False)
        try:
            self.columns = self._scan.collect_schema().names()
            self._rows = int(self._scan.select(pl.len()).collect().item())
        except BROKEN as error:
            raise self._broken(error) from error

    def typed(self, column: pl.Series) -> pl.Series:
        """Parquet knows its types."""
        return column

    def chunks(self, quarantine: Quarantine) -> Iterator[Chunk]:
        """The rows in the order of the file; ``lines`` are row numbers from 1."""
        with progress_bars() as bars:
            task = bars.add_task(f"reading {Path(self.label).name}", total=self._rows, note="rows")
            for start in range(0, self._rows, ROWS):
                try:
                    frame = self._scan.slice(start, ROWS).collect()
                except BROKEN as error:
                    raise self._broken(error) from error
                lines = np.arange(start + 1, start + 1 + frame.height, dtype=np.int64)
                yield Chunk(frame, lines, RowText(frame))
                bars.update(task, completed=start + frame.height)

    def _broken(self, error: BaseException) -> DataError:
        return DataError(
            f"the Parquet file cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            where=self.label,
            allowed="a whole Parquet file",
            mend="write or fetch it again; give --format if it is another kind of file",
        )


class RowText:
    """A row of a table as text, for the quarantine."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __call__(self, row: int) -> str:
        """``{'user_id': None, 'item_id': 'x'}``."""
        return str(self._frame.row(row, named=True))
