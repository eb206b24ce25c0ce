"""Nodes that come to a propagated graph late: they receive over edges of their own, and no other node is moved.

With ``L`` layers, a node of the vector ``e`` with edges to the items ``I`` becomes
``(e + sum_{i in I} sent_i / sqrt(|I| deg_i)) / (L + 1)``, with ``sent_i`` the sum of the item's layers but the last one
(LightGCN, arXiv 2002.02126, eq. 3 and 4). All but the node's own degree is the same for every newcomer, and made once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.nn.graph import BipartiteGraph


def item_messages(graph: BipartiteGraph, users: Tensor, items: Tensor, layers: int, *, counted: int) -> Tensor:
    """What each item adds to the vector of a user over all layers, but for the user's own degree, ``(V, d)``.

    Args:
        graph: Who took what.
        users: Users before propagation, ``(U, d)``.
        items: Items before propagation, ``(V, d)``.
        layers: Layers of propagation.
        counted: Layers that the mean is over: ``layers + 1``, or ``layers`` where a node's own vector is left out.
    """
    if not layers:
        return torch.zeros_like(items)
    _, sent = graph.layer_mean(users, items, layers - 1)
    degrees = graph.item_degrees().clamp_min(1)
    return sent * (layers / counted) * degrees.rsqrt()[:, None]


def received(messages: Tensor, sets: Sequences) -> Tensor:
    """What users with edges to these items receive, ``(n, d)``; zeros for an empty row.

    Args:
        messages: Of :func:`item_messages`, ``(V, d)``.
        sets: ``n`` rows of distinct items.
    """
    owners, items = as_tensor(sets.owners()).to(messages.device), as_tensor(sets.flat()).to(messages.device)
    found = messages.new_zeros(len(sets), messages.shape[1])
    found.index_add_(0, owners, messages[items])
    return found * as_tensor(sets.lengths).to(messages.device).clamp_min(1).rsqrt()[:, None]
