"""What every kind of source offers: its columns, and its rows chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.importing.quarantine import Quarantine


@dataclass(frozen=True)
class Chunk:
    """Some rows of a source, in its order.

    Attributes:
        frame: The rows under the source's own column names.
        lines: Line (or row) of each in the source, from 1, ``(n,)`` int64.
        raw: The source text of row ``i`` of this chunk, for the quarantine.
        odd: For some columns, which values are no plain text or number (lists, objects, booleans, NaN), ``(n,)`` bool.
    """

    frame: pl.DataFrame
    lines: NDArray[np.int64]
    raw: Callable[[int], str | bytes]
    odd: dict[str, NDArray[np.bool_]] = field(default_factory=dict)


class Source(Protocol):
    """One file or query.

    Attributes:
        label: Its name as shown to a reader; never a password.
        columns: Its column names, known before the rows are read.
        facts: What was found out about it (kind, separator, encoding), for the report.
    """

    @property
    def label(self) -> str: ...

    @property
    def columns(self) -> list[str]: ...

    @property
    def facts(self) -> dict[str, Any]: ...

    def chunks(self, quarantine: Quarantine) -> Iterator[Chunk]:
        """The rows; those without the shape of a row go to the quarantine."""
        ...

    def typed(self, column: pl.Series) -> pl.Series:
        """A whole attribute column in the type that its values show."""
        ...
