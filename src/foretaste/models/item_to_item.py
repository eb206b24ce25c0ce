"""Scores that are sums over a sparse table "whoever had this takes that": the common body of ItemKNN and transitions.

``score(j) = sum_t decay**t * table[item_t, j]`` over the newest ``window`` items, ``t = 0`` for the newest. An item
that no term reaches is not scored (NaN): such a model cannot place it, and an evaluation counts it as a miss.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from foretaste.data.sequences import Sequences
from foretaste.models.base import Scorer, Users


class ItemToItem(Scorer):
    """A sparse item-item table, applied to the newest items of a history.

    Args:
        num_items: Size of the catalogue.
        entries: Non-zero entries of the table; it is empty until weights are loaded or :meth:`fill` is called.
        window: Newest items of a history that are looked at.
        decay: Weight of an item against the one that came after it.
    """

    offsets: Tensor
    neighbours: Tensor
    weights: Tensor

    def __init__(self, num_items: int, entries: int = 0, *, window: int, decay: float) -> None:
        super().__init__()
        self.num_items, self.window, self.decay = num_items, window, decay
        self._set(np.zeros(num_items + 1), np.zeros(entries), np.zeros(entries))

    def fill(self, table: sparse.csr_matrix) -> ItemToItem:
        """Takes over a table; rows are the items of a history, columns the items scored."""
        self._set(table.indptr, table.indices, table.data)
        return self

    def _set(self, offsets: NDArray[Any], neighbours: NDArray[Any], weights: NDArray[Any]) -> None:
        self.sizes = {"num_items": self.num_items, "entries": len(weights)}
        self.register_buffer("offsets", torch.from_numpy(offsets.astype(np.int64)))
        self.register_buffer("neighbours", torch.from_numpy(neighbours.astype(np.int32)))
        self.register_buffer("weights", torch.from_numpy(weights.astype(np.float32)))

    def table(self) -> sparse.csr_matrix:
        """The table as a scipy matrix on the same memory, ``(num_items, num_items)``."""
        parts = (self.weights.cpu().numpy(), self.neighbours.cpu().numpy(), self.offsets.cpu().numpy())
        return sparse.csr_matrix(parts, shape=(self.num_items, self.num_items), copy=False)

    def score(self, histories: Sequences, users: Users = None) -> Tensor:
        found = (decayed(histories, self.num_items, self.window, self.decay) @ self.table()).tocoo()
        scores = torch.full((len(histories), self.num_items), torch.nan)
        reached = found.data != 0
        rows, columns = found.row[reached].astype(np.int64), found.col[reached].astype(np.int64)
        scores.view(-1)[torch.from_numpy(rows * self.num_items + columns)] = torch.from_numpy(found.data[reached])
        return scores.to(self.weights.device)


def decayed(histories: Sequences, num_items: int, window: int, decay: float) -> sparse.csr_matrix:
    """Weights of the newest ``window`` items of each history, ``(n, num_items)``; repeats of an item add up."""
    newest = histories.last(window)
    ends = np.cumsum(newest.lengths)
    distance = np.repeat(ends, newest.lengths) - 1 - np.arange(newest.total)
    offsets = np.concatenate([[0], ends])
    weights = np.power(decay, distance, dtype=np.float64).astype(np.float32)
    return sparse.csr_matrix((weights, newest.flat(), offsets), shape=(len(newest), num_items))
