"""RLMRec on a graph: users' and items' smoothed vectors keep in touch with their texts (arXiv 2310.15950).

The paper's texts are profiles that a language model wrote of users and items; here an item's is the vector of its own
text, and a user's the mean of those of the items taken, as AlphaRec has its users. Terms run over the distinct nodes of
a batch; nodes with the same text are no negatives of each other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from foretaste.models.alignment import matching, same_rows, two_layers
from foretaste.models.graph_term import GraphTerm
from foretaste.models.lightgcn import LightGCN
from foretaste.nn.batch import PairBatch
from foretaste.nn.smoothing import Smoothed, Smoothing


class _Profiles(GraphTerm):
    """Text vectors of users and items under one numbering: users first.

    Args:
        users: Text vectors of the users, ``(num_users, D)``.
        items: Text vectors of the items, ``(num_items, D)``.
        weight: Weight of the term.
        temperature: Cosines are divided by it.
    """

    vectors: Tensor
    texts: Tensor

    def __init__(self, users: Tensor, items: Tensor, *, weight: float, temperature: float) -> None:
        super().__init__()
        self.weight, self.temperature, self.shift = weight, temperature, len(users)
        both = torch.cat([users, items]).float()
        self.register_buffer("vectors", both, persistent=False)
        self.register_buffer("texts", same_rows(both), persistent=False)

    def of(self, side: int, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Text vectors ``(n, D)`` of nodes of a side, and a number for each text, ``(n,)``."""
        return self.vectors[ids + side * self.shift], self.texts[ids + side * self.shift]


class ProfileContrast(_Profiles):
    """RLMRec-Con (eq. 8): which node's text is it? Asked of users among users, and of items among items.

    Args:
        users: Text vectors of the users, ``(num_users, D)``.
        items: Text vectors of the items, ``(num_items, D)``.
        dim: Width of a smoothed vector.
        weight: Weight of the term.
        temperature: Cosines are divided by it.
    """

    def __init__(self, users: Tensor, items: Tensor, dim: int, *, weight: float, temperature: float) -> None:
        super().__init__(users, items, weight=weight, temperature=temperature)
        self.project = two_layers(items.shape[1], dim)

    def forward(self, model: LightGCN, batch: PairBatch, users: Smoothed, items: Smoothed) -> Tensor:
        total = torch.zeros((), device=batch.users.device)
        for side, (smoothed, asked) in enumerate(((users, batch.users), (items, batch.items))):
            ids = torch.unique(asked)
            vectors, texts = self.of(side, ids)
            made = self.project(vectors), texts
            total = total + matching(smoothed(ids), made, made, self.temperature)
        return self.weight * total


class ProfileGeneration(_Profiles):
    """RLMRec-Gen (eq. 10): the texts of hidden nodes, from what the graph says of them.

    A share of a batch's nodes loses its free vector to a mask vector; what propagation then has at these nodes, an MLP
    turns into a text vector, which has to be told from those of the other hidden nodes. The paper trains the
    recommendation loss on the masked graph too; here it looks at the whole one, and the term at a second propagation.

    Args:
        users: Text vectors of the users, ``(num_users, D)``.
        items: Text vectors of the items, ``(num_items, D)``.
        dim: Width of a free vector.
        weight: Weight of the term.
        temperature: Cosines are divided by it.
        share: Share of a batch's nodes that is hidden; at least one of each side.
    """

    def __init__(
        self, users: Tensor, items: Tensor, dim: int, *, weight: float, temperature: float, share: float
    ) -> None:
        super().__init__(users, items, weight=weight, temperature=temperature)
        self.share = share
        self.project = two_layers(dim, items.shape[1])
        self.mask_vector = nn.Parameter(torch.zeros(dim))

    def forward(self, model: LightGCN, batch: PairBatch, users: Smoothed, items: Smoothed) -> Tensor:
        hidden = [self._drawn(torch.unique(asked)) for asked in (batch.users, batch.items)]
        free = model.users.table(), model.items.table()
        masked = [
            table.index_put((ids,), self.mask_vector.expand(len(ids), -1))
            for table, ids in zip(free, hidden, strict=True)
        ]
        smoothing = Smoothing([model.graph] * model.layers, masked[0], masked[1], first=model.first)
        states = torch.cat([smoothing.rows(side, ids) for side, ids in enumerate(hidden)])
        parts = [self.of(side, ids) for side, ids in enumerate(hidden)]
        own = torch.cat([vectors for vectors, _ in parts]), torch.cat([texts for _, texts in parts])
        return self.weight * matching(self.project(states), own, own, self.temperature)

    def _drawn(self, ids: Tensor) -> Tensor:
        """A share of these, drawn without replacement."""
        return ids[torch.randperm(len(ids), device=ids.device)[: max(1, int(len(ids) * self.share))]]
