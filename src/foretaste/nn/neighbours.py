"""The nearest rows of a matrix by cosine, block by block: memory is bounded whatever the number of rows.

LLM-ESR's notebook builds the dense matrix of all cosines and sorts it (21.8 GB twice for 52,000 users), and takes
"self" to be whatever comes first, which duplicates break. Here a row is taken out of its own list by its index.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

CELLS = 1 << 23
"""Cosines held at once: 32 MB."""


def nearest_neighbours(
    vectors: Tensor,
    count: int,
    *,
    candidates: Tensor | None = None,
    cells: int = CELLS,
    progress: Callable[[int], None] | None = None,
) -> Tensor:
    """The ``count`` nearest other rows of each row, nearest first.

    Args:
        vectors: ``(n, D)``; a row's length does not matter.
        count: Neighbours wanted. Where there are fewer candidates, there are fewer columns.
        candidates: Rows that may be neighbours, ``(n,)`` bool; None for all. The others get neighbours, too.
        cells: Cosines held at once.
        progress: Told how many rows are done.

    Returns:
        Row numbers, ``(n, min(count, candidates - 1))`` int64; a row is never in its own list.

    Raises:
        ValueError: If there are not two candidates at least.
    """
    pool = torch.arange(len(vectors)) if candidates is None else candidates.nonzero()[:, 0]
    if len(pool) < 2:
        raise ValueError(f"neighbours need two candidates at least, not {len(pool)}")
    width = min(count, len(pool) - 1)
    unit = F.normalize(vectors.float(), dim=1)
    keys = unit[pool].T.contiguous()
    place = torch.full((len(vectors),), -1)
    place[pool] = torch.arange(len(pool))
    found = torch.empty((len(vectors), width), dtype=torch.int64)
    step = max(1, cells // len(pool))
    for start in range(0, len(vectors), step):
        rows = slice(start, min(start + step, len(vectors)))
        cosines = unit[rows] @ keys
        own = place[rows]
        mine = (own >= 0).nonzero()[:, 0]
        cosines[mine, own[mine]] = -torch.inf
        found[rows] = pool[cosines.topk(width, dim=1).indices]
        if progress is not None:
            progress(rows.stop)
    return found
