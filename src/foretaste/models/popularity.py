"""Popularity: everybody is shown what most people took. The line that every model has to pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever, Users


class Popularity(Retriever):
    """One constant for each item, the same for every history; an index serves it as vectors of width 1.

    Args:
        num_items: Size of the catalogue; the constants are zero until weights are loaded or given.
        strength: What each item scores, ``(num_items,)``.
    """

    strength: Tensor

    def __init__(self, num_items: int, strength: NDArray[np.float32] | None = None) -> None:
        super().__init__()
        self.num_items = num_items
        self.sizes = {"num_items": num_items}
        given = torch.zeros(num_items) if strength is None else torch.from_numpy(strength)
        self.register_buffer("strength", given)

    def item_vectors(self) -> Tensor:
        return self.strength[:, None]

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        return torch.ones(len(histories), 1, device=self.strength.device)


def tied_counts(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """The counts themselves: items taken equally often tie.

    >>> tied_counts(np.array([3, 1, 3])).tolist()
    [3.0, 1.0, 3.0]
    """
    return counts.astype(np.float32)


def ordered_counts(counts: NDArray[np.int64], ids: Sequence[str]) -> NDArray[np.float32]:
    """One place for each item: ``n`` for the first of the list down to 1; equal counts in order of the raw id.

    Exact in float32 up to 2**24 items, which counts with a fraction for the tie-break would not be.

    >>> ordered_counts(np.array([3, 1, 3]), ["B", "C", "A"]).tolist()
    [2.0, 1.0, 3.0]
    """
    order = np.lexsort((np.asarray(list(ids), dtype=np.str_), -counts))
    strength = np.empty(len(counts), dtype=np.float32)
    strength[order] = np.arange(len(counts), 0, -1)
    return strength
