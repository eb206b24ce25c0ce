"""Random views of a graph for self-supervision: SGL's node dropout, edge dropout and random walk (section 3.1).

Wu et al., SIGIR 2021, arXiv 2010.10783. A view keeps its own degrees: what is left is normalised anew. Exactly the
share asked for is dropped, without replacement.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from foretaste.nn.graph import BipartiteGraph

KINDS = ("edges", "nodes", "walk")


def draw_view(
    graph: BipartiteGraph, kind: str, share: float, layers: int, rng: np.random.Generator
) -> list[BipartiteGraph]:
    """One view, a graph for each layer.

    Args:
        graph: The whole graph.
        kind: ``edges`` drops edges, ``nodes`` drops users and items with all their edges, ``walk`` drops other edges in
            each layer.
        share: Share that is dropped.
        layers: How many layers.
        rng: Where randomness comes from.
    """
    if kind == "walk":
        return [without_edges(graph, share, rng) for _ in range(layers)]
    drop = without_edges if kind == "edges" else without_nodes
    return [drop(graph, share, rng)] * layers


def without_edges(graph: BipartiteGraph, share: float, rng: np.random.Generator) -> BipartiteGraph:
    """The graph without ``share`` of its edges; no node goes."""
    return _kept(graph, ~_drawn(graph.edges, share, rng))


def without_nodes(graph: BipartiteGraph, share: float, rng: np.random.Generator) -> BipartiteGraph:
    """The graph without the edges of ``share`` of the users and of ``share`` of the items."""
    users, items = (_drawn(count, share, rng) for count in (graph.num_users, graph.num_items))
    owners, taken = _pairs(graph)
    return _kept(graph, ~(users[owners] | items[taken]))


def _drawn(count: int, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """True at ``share`` of the places."""
    drawn = np.zeros(count, dtype=np.bool_)
    drawn[rng.permutation(count)[: int(count * share)]] = True
    return drawn


def _pairs(graph: BipartiteGraph) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    degrees = graph.user_offsets.diff().cpu().numpy()
    return np.repeat(np.arange(graph.num_users), degrees), graph.items.cpu().numpy().astype(np.int64)


def _kept(graph: BipartiteGraph, keep: NDArray[np.bool_]) -> BipartiteGraph:
    device = graph.items.device
    users, items = (torch.from_numpy(side[keep]).to(device) for side in _pairs(graph))
    return BipartiteGraph(graph.num_users, graph.num_items).to(device).connect(users, items)
