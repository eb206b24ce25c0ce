"""The mean of what a user took, over a bipartite graph, with a backward pass that sorts and transposes nothing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.nn.graph import BipartiteGraph


def user_means(graph: BipartiteGraph, items: Tensor) -> Tensor:
    """The mean of its items' rows for each user, ``(num_items, d)`` → ``(num_users, d)``, differentiable.

    A user without items has zeros.
    """
    means: Tensor = _UserMeans.apply(items, graph)  # type: ignore[no-untyped-call]
    return means


class _UserMeans(torch.autograd.Function):
    """``D^-1 R x``; the transpose runs over the items' own rows of the graph."""

    @staticmethod
    def forward(ctx: Any, items: Tensor, graph: BipartiteGraph) -> Tensor:
        ctx.graph = graph
        return F.embedding_bag(graph.items, items, graph.user_offsets, mode="mean", include_last_offset=True)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        graph = ctx.graph
        shares = grads[0] / graph.user_offsets.diff().clamp_min(1)[:, None]
        return F.embedding_bag(graph.users, shares, graph.item_offsets, mode="sum", include_last_offset=True), None
