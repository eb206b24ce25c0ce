"""The bipartite graph of users and items, and LightGCN's parameter-free propagation over it.

With ``A`` the symmetrically normalised adjacency (an edge weighs ``1 / sqrt(degree_u * degree_i)``), the mean of layers
0 … K is the polynomial ``(I + A + … + A^K) x / (K + 1)`` (He et al., SIGIR 2020, eq. 7–8). ``A`` is symmetric and the
map linear, so its backward pass is the same map applied to the gradient: nothing is kept between the two, and no
sparse matrix is ever transposed.

A product with ``A`` is a weighted ``embedding_bag`` in each direction, the fastest kernel measured on a CPU: on
amazon_beauty (131,413 edges, d = 64, one thread) 2.5 ms against 3.5 for ``torch.sparse`` in CSR and 15.7 in COO form.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.runs import expand_runs


class BipartiteGraph(nn.Module):
    """Edges between users and items, in rows for both sides; a repeated pair is one edge.

    Saved are the users' rows only; the items' rows and the weights follow from them.

    Args:
        num_users: Users, with edges or without.
        num_items: Items, with edges or without.
        edges: Distinct pairs; the graph is empty until weights are loaded or :meth:`connect` is called.
    """

    user_offsets: Tensor
    items: Tensor
    item_offsets: Tensor
    users: Tensor
    user_weights: Tensor
    item_weights: Tensor

    def __init__(self, num_users: int, num_items: int, edges: int = 0) -> None:
        super().__init__()
        self.num_users, self.num_items = num_users, num_items
        self.register_buffer("user_offsets", torch.zeros(num_users + 1, dtype=torch.int32))
        self.register_buffer("items", torch.zeros(edges, dtype=torch.int32))
        for name in ("item_offsets", "users", "user_weights", "item_weights"):
            self.register_buffer(name, torch.empty(0), persistent=False)
        self.register_load_state_dict_post_hook(lambda module, _: module.derive())  # type: ignore[no-untyped-call]

    @property
    def edges(self) -> int:
        """How many distinct pairs there are."""
        return len(self.items)

    def connect(self, users: Tensor, items: Tensor) -> BipartiteGraph:
        """Takes over the distinct pairs among ``(users[n], items[n])``, both ``(N,)`` int64."""
        pairs = torch.unique(users * self.num_items + items)
        self.items = (pairs % self.num_items).int()
        self.user_offsets = _offsets(pairs // self.num_items, self.num_users)
        self.derive()
        return self

    def widen(self, count: int) -> None:
        """Takes in so many items without edges, behind the others."""
        self.num_items += count
        last = self.item_offsets[-1:]
        self.item_offsets = torch.cat([self.item_offsets, last.expand(count)])

    def derive(self) -> None:
        """Computes the items' rows and the weights from the users' rows."""
        degrees = self.user_offsets.diff().long()
        owners = torch.repeat_interleave(torch.arange(self.num_users, device=degrees.device), degrees)
        items = self.items.long()
        popularity = torch.bincount(items, minlength=self.num_items)
        order = torch.argsort(items, stable=True)
        self.user_weights = (degrees[owners] * popularity[items]).float().rsqrt()
        self.item_weights = self.user_weights[order]
        self.users = owners[order].int()
        self.item_offsets = _offsets(items[order], self.num_items)

    def item_degrees(self) -> Tensor:
        """Users of each item, ``(num_items,)`` int64."""
        return self.item_offsets.diff().long()

    def connects(self, users: Tensor, items: Tensor) -> Tensor:
        """Whether there is an edge from ``users[n]`` to ``items[n]``, both ``(N,)`` int64; a negative user has none.

        Reads the rows of these users alone.
        """
        device = self.items.device
        users, items = users.to(device), items.to(device)
        people = torch.unique(users[(users >= 0) & (users < self.num_users)])
        owners, places = expand_runs(self.user_offsets[people].long(), self.user_offsets[people + 1].long())
        keys = people[owners] * self.num_items + self.items[places].long()
        return torch.isin(users * self.num_items + items, keys) & (users >= 0)

    def propagate(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """One layer: each side becomes the weighted sum of its neighbours.

        Args:
            users: ``(num_users, d)``.
            items: ``(num_items, d)``.
        """
        return (
            _sums(items, self.items, self.user_offsets, self.user_weights),
            _sums(users, self.users, self.item_offsets, self.item_weights),
        )

    def layer_mean(self, users: Tensor, items: Tensor, layers: int) -> tuple[Tensor, Tensor]:
        """The mean of layers 0 … ``layers`` of both sides, differentiable."""
        mixed: tuple[Tensor, Tensor] = _LayerMean.apply(users, items, self, layers)  # type: ignore[no-untyped-call]
        return mixed


class _LayerMean(torch.autograd.Function):
    """``(I + A + … + A^K) x / (K + 1)`` by Horner's rule; its own transpose."""

    @staticmethod
    def forward(ctx: Any, users: Tensor, items: Tensor, graph: BipartiteGraph, layers: int) -> tuple[Tensor, Tensor]:
        ctx.graph, ctx.layers = graph, layers
        return _polynomial(graph, users, items, layers)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return *_polynomial(ctx.graph, grads[0].contiguous(), grads[1].contiguous(), ctx.layers), None, None


def _polynomial(graph: BipartiteGraph, users: Tensor, items: Tensor, layers: int) -> tuple[Tensor, Tensor]:
    mixed_users, mixed_items = users, items
    for _ in range(layers):
        from_items, from_users = graph.propagate(mixed_users, mixed_items)
        mixed_users, mixed_items = from_items.add_(users), from_users.add_(items)
    return mixed_users / (layers + 1), mixed_items / (layers + 1)


def _sums(table: Tensor, rows: Tensor, offsets: Tensor, weights: Tensor) -> Tensor:
    """For each bag the weighted sum of its rows of ``table``."""
    return F.embedding_bag(
        rows, table, offsets, mode="sum", per_sample_weights=weights.to(table.dtype), include_last_offset=True
    )


def _offsets(sorted_ids: Tensor, count: int) -> Tensor:
    """Where each id's run begins in a sorted list, ``(count + 1,)`` int32."""
    return torch.searchsorted(sorted_ids.contiguous(), torch.arange(count + 1, device=sorted_ids.device)).int()
