"""TextKNN: what reads like the things somebody took. Nothing is trained, and an item without a buyer is found as well.

``score(j) = sum_t w_t cos(e_t, e_j)`` over the newest items of a history, with equal weights, or ``w_t = decay**t``
counted from the newest (``t = 0``); or the largest of the cosines, which asks for one like item instead of many.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever, Scorer, Users, as_tensor
from foretaste.models.item_to_item import decayed
from foretaste.models.sequence import blocks_of_like_length
from foretaste.nn.growth import NewItems

ROWS = 4096
"""Histories whose vectors are summed at once."""

CELLS = 1 << 23
"""Cosines that :class:`NearestText` holds at once: 32 MB."""


class TextKNN(Retriever):
    """A user is the weighted sum of the unit text vectors of their newest items.

    Args:
        vectors: Text vectors, ``(num_items, D)``; each is brought to length 1, one of zeros stays.
        window: Newest items that speak.
        decay: Weight of an item against the one that came after it; 1 is a mean.
    """

    vectors: Tensor

    def __init__(self, vectors: Tensor, *, window: int, decay: float) -> None:
        super().__init__()
        self.num_items, self.window, self.decay = len(vectors), window, decay
        self.sizes = {"text_dim": vectors.shape[1]}
        self.register_buffer("vectors", F.normalize(vectors.float(), dim=1))

    def grow(self, new: NewItems) -> None:
        """A new item is compared like any other."""
        self.vectors = torch.cat([self.vectors, F.normalize(new.text.to(self.vectors), dim=1)])

    def item_vectors(self) -> Tensor:
        return self.vectors

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        out = torch.empty(len(histories), self.vectors.shape[1], device=self.vectors.device)
        for start in range(0, len(histories), ROWS):
            rows = histories.take(np.arange(start, min(start + ROWS, len(histories))))
            weights = decayed(rows, self.num_items, self.window, self.decay)
            summed = weights @ self.vectors.cpu().numpy()
            out[start : start + len(rows)] = torch.from_numpy(summed).to(out)
        return F.normalize(out, dim=1)


class NearestText(Scorer):
    """The largest cosine with one of the newest items: what is like any of them, rather than like all.

    Args:
        vectors: Text vectors, ``(num_items, D)``; each is brought to length 1.
        window: Newest items that speak.
    """

    vectors: Tensor

    def __init__(self, vectors: Tensor, *, window: int) -> None:
        super().__init__()
        self.num_items, self.window = len(vectors), window
        self.sizes = {"text_dim": vectors.shape[1]}
        self.register_buffer("vectors", F.normalize(vectors.float(), dim=1))

    def grow(self, new: NewItems) -> None:
        """A new item is compared like any other."""
        self.vectors = torch.cat([self.vectors, F.normalize(new.text.to(self.vectors), dim=1)])

    def score(self, histories: Sequences, users: Users = None) -> Tensor:
        newest = histories.last(self.window)
        scores = torch.full((len(newest), self.num_items), torch.nan, device=self.vectors.device)
        for index in blocks_of_like_length(newest.lengths, max(1, CELLS // self.num_items)):
            rows = self.vectors[as_tensor(newest.take(index).padded()).to(self.vectors.device)]
            lengths = as_tensor(newest.lengths[index]).to(self.vectors.device)
            padding = torch.arange(rows.shape[1], device=rows.device) >= lengths[:, None]
            cosines = (rows @ self.vectors.T).masked_fill(padding[:, :, None], float("-inf"))
            scores[torch.from_numpy(index).to(scores.device)] = cosines.amax(1)
        return scores


class WordKNN(Scorer):
    """The same sum of cosines over exact TF-IDF vectors, which are as wide as the vocabulary, and sparse.

    An item that shares no word with a history is not scored (NaN): nothing is known of it.

    Args:
        num_items: Size of the catalogue.
        words: Size of the vocabulary.
        entries: Non-zero entries of the matrix; it is empty until weights are loaded or :meth:`fill` is called.
        window: Newest items that speak.
        decay: Weight of an item against the one that came after it; 1 is a mean.
    """

    offsets: Tensor
    columns: Tensor
    weights: Tensor

    def __init__(self, num_items: int, words: int = 0, entries: int = 0, *, window: int, decay: float) -> None:
        super().__init__()
        self.num_items, self.window, self.decay = num_items, window, decay
        self._set(np.zeros(num_items + 1), np.zeros(entries), np.zeros(entries), words)

    def fill(self, matrix: sparse.csr_matrix) -> WordKNN:
        """Takes over rows of length 1, one for each item, ``(num_items, words)``."""
        self._set(matrix.indptr, matrix.indices, matrix.data, matrix.shape[1])
        return self

    def _set(self, offsets: NDArray[Any], columns: NDArray[Any], weights: NDArray[Any], words: int) -> None:
        self.words = words
        self.sizes = {"words": words, "entries": len(weights)}
        self.register_buffer("offsets", torch.from_numpy(offsets.astype(np.int64)))
        self.register_buffer("columns", torch.from_numpy(columns.astype(np.int32)))
        self.register_buffer("weights", torch.from_numpy(weights.astype(np.float32)))

    def matrix(self) -> sparse.csr_matrix:
        """The items' rows as a scipy matrix on the same memory, ``(num_items, words)``."""
        parts = (self.weights.cpu().numpy(), self.columns.cpu().numpy(), self.offsets.cpu().numpy())
        return sparse.csr_matrix(parts, shape=(self.num_items, self.words), copy=False)

    def score(self, histories: Sequences, users: Users = None) -> Tensor:
        items = self.matrix()
        said = decayed(histories, self.num_items, self.window, self.decay) @ items
        found = torch.from_numpy((said @ items.T).toarray())
        return found.masked_fill(found == 0, torch.nan).to(self.weights.device)
