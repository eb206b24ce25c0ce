"""A user as the mean or the sum of vectors of their items: AlphaRec, EMB-KNN, text votes, RLMRec and KAR on a graph."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.models.pairs import distinct


def history_means(histories: Sequences, vectors: Tensor) -> Tensor:
    """The mean over the distinct items of each history, ``(n, D)``; zeros where there are none.

    Args:
        histories: ``n`` rows.
        vectors: One for each item, ``(num_items, D)``.
    """
    return _bagged(histories, vectors, "mean")


def history_sums(histories: Sequences, vectors: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum over the distinct items of each history, ``(n, D)``; zeros where there are none.

    Args:
        histories: ``n`` rows.
        vectors: One for each item, ``(num_items, D)``.
        weights: Of each item, ``(num_items,)``.
    """
    return _bagged(histories, vectors, "sum", weights)


def _bagged(histories: Sequences, vectors: Tensor, mode: str, weights: Tensor | None = None) -> Tensor:
    sets = distinct(histories, len(vectors))
    items, lengths = (as_tensor(part).to(vectors.device) for part in (sets.flat(), sets.lengths))
    if not len(items):
        return torch.zeros(len(sets), vectors.shape[1], dtype=vectors.dtype, device=vectors.device)
    weighed = None if weights is None else weights[items]
    return F.embedding_bag(items, vectors, lengths.cumsum(0) - lengths, mode=mode, per_sample_weights=weighed)
