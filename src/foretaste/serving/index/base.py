"""What every index answers."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Ids = NDArray[np.int64]
Rows = NDArray[np.float32]

NOTHING = -1
"""Stands at the end of a row that has fewer than ``k`` items to offer."""


class VectorIndex(Protocol):
    """Finds items by inner product. It is never changed in place, so a search may go on while items come and go.

    Attributes:
        kind: Its name: ``exact``, ``flat``, ``ivf``, ``ivfpq``, ``hnsw`` or ``qdrant``.
        size: How many items it holds, removed ones included.
    """

    @property
    def kind(self) -> str: ...

    @property
    def size(self) -> int: ...

    def search(self, users: Rows, k: int, allowed: Mask | None) -> tuple[Ids, Rows]:
        """The ``k`` allowed items of greatest inner product for each row.

        The filter is applied inside: a row is shorter than ``k`` only when fewer items are allowed.

        Args:
            users: ``(n, d)``.
            k: Length of the rows.
            allowed: Which items may come, ``(size,)``; None for all.

        Returns:
            Dense ids, best first, ``(n, k)`` with :data:`NOTHING` at the end of short rows, and scores, there ``-inf``.
        """
        ...

    def added(self, vectors: Rows) -> VectorIndex:
        """One that holds further items too, ``(m, d)``; they get the dense ids from ``size`` upwards."""
        ...

    def removed(self, items: Ids) -> VectorIndex:
        """One without these items, where they need not be masked any longer; their dense ids stay taken."""
        ...

    def about(self) -> dict[str, Any]:
        """Kind and settings, as plain values."""
        ...
