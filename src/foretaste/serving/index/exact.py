"""Exact search: a blocked matrix product, of the allowed rows alone where few are allowed."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from foretaste.serving.index.base import NOTHING, Ids, Mask, Rows

BLOCK_SCORES = 1 << 22
"""Scores held at once: 16 MB, which stays in cache better than one large product."""

GATHER_BELOW = 0.25
"""Share of allowed items up to which their rows are gathered; above it, all are scored and the others masked."""


class ExactIndex:
    """All inner products.

    Args:
        vectors: ``(V, d)`` float32.
    """

    kind = "exact"

    def __init__(self, vectors: Rows) -> None:
        self.vectors = vectors

    @property
    def size(self) -> int:
        return len(self.vectors)

    def search(self, users: Rows, k: int, allowed: Mask | None) -> tuple[Ids, Rows]:
        places = None if allowed is None or allowed.mean() > GATHER_BELOW else np.flatnonzero(allowed)
        table = torch.from_numpy(self.vectors if places is None else self.vectors[places])
        mask = None if allowed is None or places is not None else torch.from_numpy(~allowed)
        kept = min(k, len(table))
        ids = np.full((len(users), k), NOTHING, dtype=np.int64)
        scores = np.full((len(users), k), -np.inf, dtype=np.float32)
        step = max(1, BLOCK_SCORES // max(1, len(table)))
        for start in range(0, len(users) if kept else 0, step):
            rows = slice(start, start + step)
            values = torch.from_numpy(users[rows]) @ table.T
            values.nan_to_num_(nan=-torch.inf, posinf=-torch.inf, neginf=-torch.inf)
            if mask is not None:
                values.masked_fill_(mask, -torch.inf)
            best = values.topk(kept, dim=1)
            scores[rows, :kept] = best.values.numpy()
            found = best.indices.numpy()
            ids[rows, :kept] = found if places is None else places[found]
        ids[scores == -np.inf] = NOTHING
        return ids, scores

    def added(self, vectors: Rows) -> ExactIndex:
        return ExactIndex(np.concatenate([self.vectors, vectors]))

    def removed(self, items: Ids) -> ExactIndex:
        return self

    def about(self) -> dict[str, Any]:
        return {"kind": self.kind}
