"""The content term: the cosine of a candidate's text and the nearest text in the history."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.text_items import TextTable, Views

KEPT_ITEMS = 12_288
"""Catalogues up to this size keep the cosines of all pairs of texts, 600 MB at the most; larger ones compute those of a
block's histories each time."""


class ContentTerm:
    """The term of one model, with what it computes once and keeps until the model's text vectors change."""

    def __init__(self) -> None:
        self._unit: Tensor | None = None
        self._unit_of: tuple[int, int] | None = None
        self._cosines: Tensor | None = None

    def of(self, text: TextTable, histories: Sequences) -> Tensor:
        """The cosines of all items with the nearest text of each history, ``(n, V)``."""
        unit = self._unit_text(text)
        if len(unit) > KEPT_ITEMS:
            return nearest_text(unit, histories)
        if self._cosines is None:
            self._cosines = unit @ unit.T
        return nearest_of(self._cosines, torch.arange(len(unit), device=unit.device), histories)

    def _unit_text(self, text: TextTable) -> Tensor:
        """Text vectors of length 1, ``(V, D)``."""
        vectors = text.vectors
        if self._unit is None or self._unit_of != (id(vectors), vectors._version):
            self._unit, self._cosines = F.normalize(as_compared(text), dim=1), None
            self._unit_of = (id(vectors), vectors._version)
        return self._unit


@torch.no_grad()
def as_compared(text: TextTable) -> Tensor:
    """Text vectors whose cosines tell most: centred or whitened where the network's adapter reads them so, ``(V, D)``.

    All texts of a catalogue share much of their direction, which says nothing; docs/methods/llmesr.md has figures.
    """
    standard = getattr(text.adapter, "standard", None)
    vectors: Tensor = text.vectors if standard is None else standard(text.vectors)
    return vectors


def text_view(items: ItemRepresentation) -> TextTable | None:
    """The view that is made of text, if there is one."""
    views = list(items.views) if isinstance(items, Views) else [items]
    return next((view for view in views if isinstance(view, TextTable)), None)


def nearest_text(unit: Tensor, histories: Sequences) -> Tensor:
    """``max_{t in history} e_t · e_candidate`` for the whole catalogue, ``(n, V)``; zero for an empty history.

    Args:
        unit: Text vectors of length 1, ``(V, D)``.
        histories: ``n`` histories.
    """
    known = np.unique(histories.flat())
    rows = torch.zeros(len(unit), dtype=torch.int64)
    rows[torch.from_numpy(known.astype(np.int64))] = torch.arange(len(known))
    return nearest_of(unit[as_tensor(known).to(unit.device)] @ unit.T, rows.to(unit.device), histories)


def nearest_of(cosines: Tensor, rows: Tensor, histories: Sequences) -> Tensor:
    """The greatest entry of each column over the rows of a history, ``(n, V)``; zero for an empty history.

    Args:
        cosines: Of some items with the whole catalogue, ``(m, V)``.
        rows: Where an item stands among them, ``(V,)`` int64.
        histories: ``n`` histories of these items.
    """
    items, lengths = as_tensor(histories.padded()).to(rows.device), as_tensor(histories.lengths).to(rows.device)
    best = torch.full((len(items), cosines.shape[1]), -torch.inf, device=rows.device)
    for column in range(items.shape[1]):
        filled = (lengths > column).nonzero()[:, 0]
        best[filled] = torch.maximum(best[filled], cosines[rows[items[filled, column]]])
    return best.masked_fill_((lengths == 0)[:, None], 0.0)
