"""Which row of a store holds the vector of which id and text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foretaste.text.store.shard import Shard


class RowIndex:
    """Ids and digests of all rows; rows are numbered through the shards, in the order in which they were written."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._older: dict[tuple[str, bytes], int] = {}
        self._digests: list[bytes] = []

    def __len__(self) -> int:
        return len(self._digests)

    @property
    def num_ids(self) -> int:
        """How many different ids there are; rows are more where a text changed."""
        return len(self._newest)

    @property
    def ids(self) -> list[str]:
        """All ids, in the order in which they first came in."""
        return list(self._newest)

    def add(self, shard: Shard) -> None:
        """Counts a shard's rows on; an id that is there already now means its new row."""
        for raw, digest in zip(shard.ids, map(bytes, shard.digests), strict=True):
            old = self._newest.get(raw)
            if old is not None:
                self._older[raw, self._digests[old]] = old
            self._newest[raw] = len(self._digests)
            self._digests.append(digest)

    def find(self, ids: Sequence[str], digests: Sequence[bytes] | None) -> NDArray[np.int64]:
        """A row for each id, -1 where there is none.

        Args:
            ids: Any ids.
            digests: Of the texts that the rows must have been made of; None for the newest row of each id.
        """
        if digests is None:
            return np.fromiter((self._newest.get(raw, -1) for raw in ids), dtype=np.int64, count=len(ids))
        pairs = zip(ids, digests, strict=True)
        return np.fromiter((self._find(raw, digest) for raw, digest in pairs), dtype=np.int64, count=len(ids))

    def _find(self, raw: str, digest: bytes) -> int:
        row = self._newest.get(raw, -1)
        if row < 0 or self._digests[row] == digest:
            return row
        return self._older.get((raw, digest), -1)

    def by_text(self) -> dict[bytes, int]:
        """A row for each text."""
        return {digest: row for row, digest in reversed(list(enumerate(self._digests)))}
