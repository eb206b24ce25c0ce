"""A gate that weighs several views of an item by how often the item occurs (PAD, arXiv 2412.04107)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.growth import NewItems
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.text_items import Views

KINDS = ("learned", "fixed", "uniform", "none")


class FrequencyGate(nn.Module):
    """``g_e(i) = sigmoid(alpha_e[b(i)]) / sum_e' sigmoid(alpha_e'[b(i)])`` with ``b(i)`` the item's frequency bin.

    It looks at the item that is scored alone, not at the user, and so it can be folded into the item's vector.

    Args:
        bins: Bin of each item, ``(num_items,)`` int64, the coldest one last.
        start: The logits ``alpha`` to start from, ``(experts, bins)``.
        kind: ``"learned"``, ``"fixed"`` at the start, ``"uniform"`` (``1 / experts``) or ``"none"`` (all 1).
        lr_factor: How many times the common rate the logits learn at.
    """

    bins: Tensor

    def __init__(self, bins: Tensor, start: Tensor, *, kind: str = "learned", lr_factor: float = 1.0) -> None:
        super().__init__()
        self.kind, self.lr_factor = kind, lr_factor
        self.register_buffer("bins", bins)
        self.logits = nn.Parameter(start.clone(), requires_grad=kind == "learned")

    def shares(self) -> Tensor:
        """Weight of each expert in each bin, ``(experts, bins)``."""
        if self.kind in ("uniform", "none"):
            return torch.full_like(self.logits, 1 / len(self.logits) if self.kind == "uniform" else 1.0)
        open_ = self.logits.sigmoid()
        return open_ / open_.sum(0)

    def forward(self, ids: Tensor) -> Tensor:
        """Weights for items, ``(…)`` → ``(…, experts)``."""
        return F.embedding(self.bins[ids], self.shares().T)

    def grow(self, new: NewItems) -> None:
        """Nobody has had a new item: it is as cold as can be."""
        coldest = torch.full((len(new),), self.logits.shape[1] - 1).to(self.bins)
        self.bins = torch.cat([self.bins, coldest])


def ramps(experts: list[str], bins: int, *, aligned: float) -> Tensor:
    """Where PAD's code starts the logits, from the hottest bin to the coldest, ``(experts, bins)``.

    ``id`` falls from 1 to 0, ``text`` rises from 0 to 1, ``aligned`` falls by 1 from ``aligned``; bin ``b`` of ``n``
    lies ``b / n`` of the way (the code has one place more, for padding).

    >>> ramps(["id", "text"], 2, aligned=0.0).tolist()
    [[0.5, 0.0], [0.5, 1.0]]
    """
    way = torch.arange(1, bins + 1) / bins
    starts = {"id": 1 - way, "aligned": aligned - way, "text": way}
    return torch.stack([starts[name] for name in experts])


class GatedItems(ItemRepresentation):
    """Views side by side, each times its gate: inner products with them are gated sums over the views.

    Args:
        items: Views of one width.
        gate: A weight for each of them.
    """

    def __init__(self, items: Views, gate: FrequencyGate) -> None:
        super().__init__()
        self.items, self.gate = items, gate
        self.num_items, self.dim = items.num_items, items.dim

    def forward(self, ids: Tensor) -> Tensor:
        return _weighed(self.items(ids), self.gate(ids))

    def table(self) -> Tensor:
        weights = F.embedding(self.gate.bins, self.gate.shares().T)
        table: Tensor = _WeighedTables.apply(weights, *self.items.tables())  # type: ignore[no-untyped-call]
        return table


class _WeighedTables(torch.autograd.Function):
    """Tables ``(V, d)`` each, times their columns of ``(V, experts)``, side by side.

    Written once where it is wanted: joined first and weighed then, a table of this size is read and written three
    times as often.
    """

    @staticmethod
    def forward(ctx: Any, weights: Tensor, *tables: Tensor) -> Tensor:
        ctx.save_for_backward(weights, *tables)
        whole = tables[0].new_empty(len(weights), sum(table.shape[1] for table in tables))
        for table, share, part in zip(tables, weights.T, _parts(whole, tables), strict=True):
            torch.mul(table, share[:, None], out=part)
        return whole

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        weights, *tables = ctx.saved_tensors
        parts = _parts(grads[0], tables)
        shares = [torch.linalg.vecdot(part, table) for part, table in zip(parts, tables, strict=True)]
        return torch.stack(shares, 1), *(p * share[:, None] for p, share in zip(parts, weights.T, strict=True))


def _parts(whole: Tensor, tables: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return torch.split(whole, [table.shape[1] for table in tables], dim=1)


def _weighed(vectors: Tensor, weights: Tensor) -> Tensor:
    """``(…, experts * d)`` times ``(…, experts)``."""
    apart = vectors.view(*weights.shape, -1)
    return (apart * weights[..., None]).flatten(-2)
