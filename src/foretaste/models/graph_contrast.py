"""Self-supervised terms over a graph: two views of a node should be nearer to each other than to other nodes.

SGL contrasts the propagations over two randomly thinned graphs, XSimGCL the final vectors with those of one layer, of
the very propagation that the recommendation loss looks at. Both contrast the distinct users and the distinct items of a
batch, as the released code of XSimGCL and AlphaRec's baselines do.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.models.graph_term import GraphTerm
from foretaste.models.lightgcn import LightGCN
from foretaste.nn.batch import PairBatch
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.graph_views import draw_view
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.infonce import infonce
from foretaste.nn.smoothing import Smoothed


def contrast(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """``-mean_i log softmax_j(cos(x_i, y_j) / t)[i]``, SGL's eq. 10 with the mean in place of the sum.

    Args:
        one: ``x``, ``(n, d)``.
        other: ``y``, ``(n, d)``.
        temperature: ``t``.
    """
    own = torch.arange(len(one), device=one.device)
    other = F.normalize(other, dim=-1)
    return infonce(F.normalize(one, dim=-1) / temperature, other, other, (own, own))


def batch_contrast(
    one: tuple[ItemRepresentation, ItemRepresentation],
    other: tuple[ItemRepresentation, ItemRepresentation],
    batch: PairBatch,
    temperature: float,
) -> Tensor:
    """:func:`contrast` of the distinct users of a batch and of its distinct items, added up."""
    users, items = torch.unique(batch.users), torch.unique(batch.items)
    return contrast(one[0](users), other[0](users), temperature) + contrast(one[1](items), other[1](items), temperature)


class ViewContrast(GraphTerm):
    """SGL: two views of the graph, drawn for each epoch by its number and the seed.

    So an epoch that is resumed in its middle sees the same views, though they are in no checkpoint: the number is.

    Args:
        kind: ``edges``, ``nodes`` or ``walk`` (``nn/graph_views.py``).
        share: Share that a view drops.
        weight: Weight of the term.
        temperature: Cosines are divided by it.
        seed: Seed of the views.
    """

    epoch: Tensor

    def __init__(self, kind: str, share: float, *, weight: float, temperature: float, seed: int) -> None:
        super().__init__()
        self.kind, self.share, self.weight, self.temperature, self.seed = kind, share, weight, temperature, seed
        self.register_buffer("epoch", torch.zeros((), dtype=torch.int64))
        self._drawn: tuple[int, tuple[list[BipartiteGraph], ...]] = (-1, ())

    def begin_epoch(self, epoch: int) -> None:
        self.epoch.fill_(epoch)

    def views(self, model: LightGCN) -> tuple[list[BipartiteGraph], ...]:
        """Both views of this epoch, a graph for each layer."""
        epoch = int(self.epoch)
        if self._drawn[0] != epoch:
            rng = np.random.default_rng([self.seed, epoch])
            drawn = tuple(draw_view(model.graph, self.kind, self.share, model.layers, rng) for _ in range(2))
            self._drawn = (epoch, drawn)
        return self._drawn[1]

    def forward(self, model: LightGCN, batch: PairBatch, users: Smoothed, items: Smoothed) -> Tensor:
        one, other = (model.smoothing(view) for view in self.views(model))
        sides = ((one.side(0), one.side(1)), (other.side(0), other.side(1)))
        return self.weight * batch_contrast(*sides, batch, self.temperature)


class LayerContrast(GraphTerm):
    """XSimGCL: the final vectors against those of one layer, in one perturbed propagation.

    Args:
        layer: The layer ``l*``.
        weight: Weight of the term.
        temperature: Cosines are divided by it.
    """

    def __init__(self, layer: int, *, weight: float, temperature: float) -> None:
        super().__init__()
        self.layer, self.weight, self.temperature = layer, weight, temperature

    def forward(self, model: LightGCN, batch: PairBatch, users: Smoothed, items: Smoothed) -> Tensor:
        early = users.at(self.layer), items.at(self.layer)
        return self.weight * batch_contrast((users, items), early, batch, self.temperature)


class SignedNoise:
    """XSimGCL's perturbation (eq. 7): of length ``size`` and in the orthant of the vector that it is added to.

    Args:
        size: Length of the noise, ``eps``.
    """

    def __init__(self, size: float) -> None:
        self.size = size

    def __call__(self, layer: Tensor) -> Tensor:
        """Noise for each row, ``(n, d)``, from torch's default generator."""
        noise = torch.rand_like(layer)
        noise *= self.size / noise.norm(dim=-1, keepdim=True).clamp_min(1e-12)
        return noise.mul_(layer.sign())
