"""Raw string ids outside, dense integers inside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


class Vocabulary(Sequence[str]):
    """A fixed two-way table between raw ids and ``0 … n-1``; the order given is the numbering.

    >>> ids = Vocabulary(["B00A", "B00B"])
    >>> ids.index_of("B00B"), ids[0], "B00C" in ids
    (1, 'B00A', False)
    """

    def __init__(self, raw: Sequence[str]) -> None:
        self._raw = list(raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        return self._raw[index]

    def __contains__(self, raw: object) -> bool:
        return raw in self._indices

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {raw: index for index, raw in enumerate(self._raw)}

    def index_of(self, raw: str) -> int | None:
        """The dense id of a raw one, or None when it is unknown."""
        return self._indices.get(raw)

    def encode(self, raw: Iterable[str]) -> NDArray[np.int32]:
        """Dense ids of raw ones, in order; ``-1`` stands for an unknown id."""
        find = self._indices.get
        return np.fromiter((find(r, -1) for r in raw), dtype=np.int32)

    def decode(self, dense: Iterable[int]) -> list[str]:
        """Raw ids of dense ones, in order."""
        return [self._raw[int(i)] for i in dense]
