"""LightGCN: embeddings smoothed over the graph of who took what (He et al., SIGIR 2020, arXiv 2002.02126)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foretaste.core.config import option
from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.models.fold_in import fold_in
from foretaste.models.graph_term import GraphTerm
from foretaste.models.late_nodes import item_messages, received
from foretaste.models.later_items import later_items
from foretaste.models.pairs import PairModel, distinct, free_tables, rows_or_zeros
from foretaste.nn.batch import PairBatch
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.growth import NewItems
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.smoothing import Smoothed, Smoothing


@dataclass(frozen=True)
class LightGCNConfig:
    """Keys of the network."""

    dim: int = option(64, "Width of the vectors.", paper="64", low=1)
    layers: int = option(2, "Layers of propagation; the mean of layers 0 to this one is used.", paper="3", low=0)
    init_std: float = option(0.01, "Standard deviation of the initial vectors.", paper="0.1 in the code", low=0)
    l2: float = option(1e-4, "Weight of the squared norm of a batch's free vectors.", paper="1e-4", low=0)
    ridge: float = option(
        0.1,
        "How firmly a propagated user vector is held when items that came after training correct it; 0 does not "
        "correct it.",
        paper="0",
        low=0,
    )
    fresh: bool = option(
        True,
        "Whether known users too are scored from the history given, newest items included, or as they were trained.",
        paper="false",
    )


class LightGCN(PairModel):
    """A vector is the mean of the free vectors on the graph around it, layer by layer.

    A user with a history is a node with edges to its distinct items and reached through the same normalised layers;
    the other nodes stay as they are. With the training part as history this is exactly the trained vector; newer
    items count at once; a stranger is such a node whose free vector is zero. Then the vector is corrected towards the
    items that training did not know of (``models/later_items.py``) by ridge regression on the smoothed item vectors
    (``models/fold_in.py``), which the paper does not do.

    Args:
        graph: The training interactions.
        config: Keys of the network.
        loss: Loss over the catalogue; None for a network that will only score.
        cosine: Whether scores are cosines.
        tables: Layer 0 of users and of items; default: free vectors alone.
        first: First layer that counts in the mean; 1 leaves a node's own vector out (XSimGCL).
        perturb: What is added to each layer in training, made of the layer.
        terms: What is added to the loss.
    """

    def __init__(
        self,
        graph: BipartiteGraph,
        config: LightGCNConfig,
        loss: CatalogueLoss | None = None,
        *,
        cosine: bool = False,
        tables: tuple[ItemRepresentation, ItemRepresentation] | None = None,
        first: int = 0,
        perturb: Callable[[Tensor], Tensor] | None = None,
        terms: Iterable[GraphTerm] = (),
    ) -> None:
        users, items = tables or free_tables(graph.num_users, graph.num_items, config.dim, std=config.init_std)
        super().__init__(users, items, loss, l2=config.l2, cosine=cosine)
        self.graph, self.layers, self.first, self.perturb = graph, config.layers, first, perturb
        self.ridge, self.fresh = config.ridge, config.fresh
        self.terms = nn.ModuleList(terms)
        self.sizes["edges"] = graph.edges
        self._newcomers: list[NewItems] = []
        self._messages = self._own = torch.empty(0)

    def smoothing(
        self, graphs: Sequence[BipartiteGraph] | None = None, *, perturb: Callable[[Tensor], Tensor] | None = None
    ) -> Smoothing:
        """One propagation.

        Args:
            graphs: One for each layer; default: the training graph.
            perturb: What is added to each layer, made of the layer.
        """
        graphs = graphs or [self.graph] * self.layers
        return Smoothing(graphs, self.users.table(), self.items.table(), first=self.first, perturb=perturb)

    def representations(self) -> tuple[Smoothed, Smoothed]:
        smoothing = self.smoothing()
        return smoothing.side(0), smoothing.side(1)

    def begin_epoch(self, epoch: int, epochs: int) -> None:
        """Tells every term."""
        for term in self.terms:
            term.begin_epoch(epoch)  # type: ignore[operator]

    def forward(self, batch: PairBatch) -> Tensor:
        self.forget()
        smoothing = self.smoothing(perturb=self.perturb)
        users, items = smoothing.side(0), smoothing.side(1)
        loss = self.smoothed_loss(batch, users, items)
        for term in self.terms:
            loss = loss + term(self, batch, users, items)
        return loss

    def smoothed_loss(self, batch: PairBatch, users: Smoothed, items: Smoothed) -> Tensor:
        """The recommendation loss on one propagation, penalty included, a scalar."""
        if self.loss is None:
            raise RuntimeError("this network was built for scoring: it has no loss")
        if not self.l2:
            return self.loss(users(batch.users), batch.items, batch.users, items)
        return self.penalised_loss(self.loss, batch, (users, items), (users.at(0), items.at(0)))

    def prepare(self) -> None:
        with torch.inference_mode():
            if self._scoring is not None and len(self._scoring[1]) < self.num_items:
                self._append()
                return
            super().prepare()
            tables = self.users.table(), self.items.table()
            self._messages = item_messages(self.graph, *tables, self.layers, counted=self._counted)
            own = self.users.table() if self.first == 0 else torch.zeros_like(self.scoring_tables()[0])
            self._own = own / self._counted
            users, items = self.scoring_tables()
            known = self.num_items - sum(map(len, self._newcomers))
            self._scoring, self._messages = (users, items[:known]), self._messages[:known]
            self._append()

    def _append(self) -> None:
        """Appends the rows of newcomers that have none yet; each group may borrow from those before it."""
        assert self._scoring is not None
        users, items = self._scoring
        start = self.num_items - sum(map(len, self._newcomers))
        for new in self._newcomers:
            if len(items) == start:
                items = torch.cat([items, new.borrowed(items)])
                self._messages = torch.cat([self._messages, new.borrowed(self._messages)])
            start += len(new)
        self._scoring = users, items

    def grow(self, new: NewItems) -> None:
        """A new item is a node without edges; smoothed vectors and messages are borrowed from items of like text."""
        self._newcomers.append(new)
        self.graph.widen(len(new))

    @property
    def _counted(self) -> int:
        """Layers that the mean is over."""
        return self.layers + 1 - self.first

    def place(self, histories: Sequences, users: Tensor) -> Tensor:
        sets = distinct(histories, self.num_items)
        placed = received(self._messages, sets) + rows_or_zeros(self._own, users)
        if self.ridge:
            later = later_items(self.graph, histories, sets, users)
            placed = fold_in(self.item_vectors(), later, self.ridge, placed)
        if self.fresh:
            return placed
        return torch.where((users >= 0)[:, None], rows_or_zeros(self.scoring_tables()[0], users), placed)


def training_graph(train: Sequences, num_items: int) -> BipartiteGraph:
    """The graph of the training interactions; a repeated pair is one edge."""
    graph = BipartiteGraph(len(train), num_items)
    return graph.connect(as_tensor(train.owners()), as_tensor(train.flat()))
