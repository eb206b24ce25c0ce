"""One propagation for everything that a training step looks up in a graph.

Layers 1 … K are sparse products over all nodes, but a step looks at the rows of a few thousand nodes only. So no mean
of layers is ever written out: the rows asked for are added up from the layers, and the gradients of all look-ups are
gathered first and then sent back through the graph once, instead of once for each look-up and once more to add them up.

With ``x_k = A_k x_{k-1} + noise`` and ``g_k`` the gradient of layer ``k``, that is ``h_K = g_K``,
``h_{k-1} = g_{k-1} + A_k h_k``: every ``A_k`` is symmetric, and the noise passes the gradient on as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.items import ItemRepresentation

Sides = tuple[Tensor, Tensor]
"""Something of the users, and the same of the items."""


class Smoothing:
    """The layers of a graph over free vectors, for one step: the weights must not change while it is used.

    Args:
        graphs: One for each layer, first layer first; mostly the same one.
        users: Free vectors, layer 0, ``(num_users, d)``.
        items: Free vectors, ``(num_items, d)``.
        first: First layer that counts in the mean.
        perturb: What is added to each layer from 1 on, made of the layer; no gradient flows through it.
    """

    def __init__(
        self,
        graphs: Sequence[BipartiteGraph],
        users: Tensor,
        items: Tensor,
        *,
        first: int = 0,
        perturb: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self._ledger = _Ledger(graphs, (users.detach(), items.detach()), first, perturb)
        self._anchor = _Anchor.apply(users, items, self._ledger)  # type: ignore[no-untyped-call]

    def rows(self, side: int, ids: Tensor | None, layer: int | None = None) -> Tensor:
        """Vectors of nodes, ``(…, d)``.

        Args:
            side: 0 for users, 1 for items.
            ids: ``(…)`` int64; None for all nodes.
            layer: That layer alone; None for the mean.
        """
        found: Tensor = _Rows.apply(self._anchor, self._ledger, side, ids, layer)  # type: ignore[no-untyped-call]
        return found

    def side(self, side: int, layer: int | None = None) -> Smoothed:
        """The nodes of one side as a representation to look up in; arguments as in :meth:`rows`."""
        return Smoothed(self, side, layer, len(self._ledger.layers[0][side]), self._ledger.layers[0][side].shape[1])


class Smoothed(ItemRepresentation):
    """One side of a :class:`Smoothing`."""

    def __init__(self, smoothing: Smoothing, side: int, layer: int | None, num_items: int, dim: int) -> None:
        super().__init__()
        self.smoothing, self.number, self.layer = smoothing, side, layer
        self.num_items, self.dim = num_items, dim

    def forward(self, ids: Tensor) -> Tensor:
        return self.smoothing.rows(self.number, ids, self.layer)

    def table(self) -> Tensor:
        return self.smoothing.rows(self.number, None, self.layer)

    def at(self, layer: int) -> Smoothed:
        """The same nodes in one layer; 0 has the free vectors."""
        return Smoothed(self.smoothing, self.number, layer, self.num_items, self.dim)


class _Ledger:
    """The layers' values, and the gradients that look-ups left."""

    def __init__(
        self, graphs: Sequence[BipartiteGraph], free: Sides, first: int, perturb: Callable[[Tensor], Tensor] | None
    ) -> None:
        self.graphs, self.counted = graphs, range(first, len(graphs) + 1)
        self.layers: list[Sides] = [free]
        with torch.no_grad():
            for graph in graphs:
                users, items = graph.propagate(*self.layers[-1])
                if perturb is not None:
                    users, items = users.add_(perturb(users)), items.add_(perturb(items))
                self.layers.append((users, items))
        self.left: list[tuple[int, int | None, Tensor | None, Tensor]] = []

    def read(self, side: int, ids: Tensor | None, layer: int | None) -> Tensor:
        tables = [self.layers[k][side] for k in (self.counted if layer is None else (layer,))]
        rows = tables if ids is None else [F.embedding(ids, table) for table in tables]
        if len(rows) == 1:
            return rows[0].clone() if ids is None else rows[0]
        total = rows[0] + rows[1]
        for more in rows[2:]:
            total += more
        return total.div_(len(rows))

    def gradients(self) -> Sides:
        """Gradients of the free vectors, from all that was left since the last call."""
        top = len(self.graphs)
        shared = self._gathered(None, None)
        gradient = _sum(self._gathered(top, None), shared if top in self.counted else None)
        for layer in range(top - 1, -1, -1):
            passed = None if gradient is None else self.graphs[layer].propagate(*gradient)
            gradient = _sum(self._gathered(layer, passed), shared if layer in self.counted else None)
        self.left = []
        return self._zeros() if gradient is None else gradient

    def _gathered(self, layer: int | None, into: Sides | None) -> Sides | None:
        """What was left at a layer (None: at each layer of the mean) added to ``into``; None where there is neither."""
        mine = [(side, ids, rows) for side, at, ids, rows in self.left if at == layer]
        if not mine:
            return into
        tables = self._zeros() if into is None else into
        for side, ids, rows in mine:
            if ids is None:
                tables[side].add_(rows)
            else:
                tables[side].index_add_(0, ids.reshape(-1), rows.reshape(-1, rows.shape[-1]))
        return tables

    def _zeros(self) -> Sides:
        return torch.zeros_like(self.layers[0][0]), torch.zeros_like(self.layers[0][1])


def _sum(fresh: Sides | None, other: Sides | None) -> Sides | None:
    """Both together; the first may be written to."""
    if fresh is None or other is None:
        return other if fresh is None else fresh
    return fresh[0].add_(other[0]), fresh[1].add_(other[1])


class _Anchor(torch.autograd.Function):
    """Stands between the free vectors and all look-ups, so that autograd comes to it when all have been left."""

    @staticmethod
    def forward(ctx: Any, users: Tensor, items: Tensor, ledger: _Ledger) -> Tensor:
        ctx.ledger = ledger
        return users.new_zeros(())

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return *ctx.ledger.gradients(), None


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, anchor: Tensor, ledger: _Ledger, side: int, ids: Tensor | None, layer: int | None) -> Tensor:
        ctx.ledger, ctx.place = ledger, (side, layer, ids)
        return ledger.read(side, ids, layer)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        side, layer, ids = ctx.place
        rows = grads[0] if layer is not None else grads[0] / len(ctx.ledger.counted)
        ctx.ledger.left.append((side, layer, ids, rows))
        return grads[0].new_zeros(()), None, None, None, None
