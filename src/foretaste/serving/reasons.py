"""Why an item is in a list: what in the history is like it, what its score is made of, how popular it is."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.models.base import Retriever
from foretaste.models.neighbour_expert import NeighbourExpert
from foretaste.models.pad_experts import AlignedItems
from foretaste.models.sequence import bare
from foretaste.nn.items import IdTable
from foretaste.nn.text_items import TextTable, Views
from foretaste.serving.recommendations import Reasons, Request

NEAREST = 3
"""Items of the history that are named."""


class Explainer:
    """Explains the answers of one model.

    Args:
        model: A retriever; others have nothing but popularity to say.
        vectors: Its item vectors, ``(V, d)``, or None.
        unit: The same at length 1, or None.
        items: Raw ids by dense id.
        popularity: Interactions in training, ``(V,)``.
        head: Which items are the most popular fifth, ``(V,)``.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        vectors: Tensor | None,
        unit: NDArray[np.float32] | None,
        items: list[str],
        popularity: NDArray[np.int64],
        head: NDArray[np.bool_],
    ) -> None:
        self.vectors, self.unit, self.items = vectors, unit, items
        self.popularity, self.head = popularity, head
        self.widths = _parts(model) if isinstance(model, Retriever) else []

    def explain(
        self, found: NDArray[np.int64], scores: NDArray[np.float32], request: Request, user: Tensor | None
    ) -> list[Reasons]:
        """Reasons for each found item.

        Args:
            found: Dense ids.
            scores: Their scores.
            request: What was asked.
            user: The user's vector ``(d,)``, if the score is an inner product with it, maybe plus a content term.
        """
        near = self._nearest(found, request)
        parts = [{} for _ in found] if user is None or request.falls_back else self._parts(found, scores, user)
        return [
            Reasons(near[row], parts[row], self._group(int(item)), int(self.popularity[item]))
            for row, item in enumerate(found)
        ]

    def _group(self, item: int) -> str:
        return "new" if self.popularity[item] == 0 else "head" if self.head[item] else "tail"

    def _nearest(self, found: NDArray[np.int64], request: Request) -> list[tuple[tuple[str, float], ...]]:
        history = np.array(list(dict.fromkeys(request.history)), dtype=np.int64)
        if self.unit is None or not len(history):
            return [() for _ in found]
        cosines = self.unit[found] @ self.unit[history].T
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]
        return [
            tuple((self.items[int(history[i])], round(float(row[i]), 4)) for i in order)
            for row, order in zip(cosines, best, strict=True)
        ]

    def _parts(self, found: NDArray[np.int64], scores: NDArray[np.float32], user: Tensor) -> list[dict[str, float]]:
        if self.vectors is None or not self.widths:
            return [{} for _ in found]
        products = self.vectors[torch.from_numpy(found)].cpu() * user.cpu()
        rows: list[dict[str, float]] = []
        for row, score in zip(products, scores.tolist(), strict=True):
            parts: dict[str, float] = {}
            start = 0
            for name, width in self.widths:
                parts[name] = parts.get(name, 0.0) + float(row[start : start + width].sum())
                start += width
            rest = score - sum(parts.values())
            if abs(rest) > 1e-3 * max(1.0, abs(score)):
                parts["content"] = rest
            rows.append(parts)
        return rows


def _parts(model: Retriever) -> list[tuple[str, int]]:
    """Names and widths of the parts of an item vector; empty where it does not come apart."""
    items = getattr(bare(model), "items", None)
    views = list(items.views) if isinstance(items, Views) else [items]
    parts: list[tuple[str, int]] = []
    for view in views:
        if isinstance(view, TextTable):
            parts.append(("semantic", view.dim))
        elif isinstance(view, IdTable):
            parts.append(("collaborative", view.dim))
        elif isinstance(view, AlignedItems):
            parts.append(("aligned", view.dim))
        else:
            return []
    if isinstance(model, NeighbourExpert):
        parts += [one for one in zip(("neighbours", "popularity"), model.widths, strict=True) if one[1]]
    return parts
