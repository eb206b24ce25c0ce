"""AlphaRec: collaborative filtering from language vectors alone (Sheng et al., ICLR 2025, arXiv 2407.05441).

Nobody has an id. An item is the frozen vector of its text, a user the mean of the items taken; one projector maps both,
LightGCN's propagation smooths the result over the graph of who took what, and cosines compare. So the parameters are
those of the projector, however many users and items there are, and they serve a catalogue never seen.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.models.fold_in import fold_in
from foretaste.models.intent import ComparesTexts, TextLikeness, nothing
from foretaste.models.late_nodes import item_messages, received
from foretaste.models.pairs import GivenTable, distinct
from foretaste.models.two_sided import TwoSided
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.growth import NewItems
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.pooling import user_means
from foretaste.nn.projector import Projected, Projector


class AlphaRec(TwoSided, ComparesTexts):
    """Whoever comes with a history is a node with edges to its items; the other nodes stay as they are.

    With the training part as history that is exactly the trained vector, newer items count at once, and a stranger is
    no exception. An item that nobody has taken is a node without edges: its text through the projector.

    Args:
        graph: The training interactions.
        vectors: Language vectors of the items, ``(num_items, D)``.
        projector: Maps ``D`` columns to ``dim``.
        layers: Layers of propagation.
        ridge: How firmly a propagated vector is held when the newest item corrects it; 0 does not correct it.
        loss: Loss over the catalogue; None for a network that will only score.
        cosine: Whether scores are cosines.
        trainable: Whether the language vectors are trained too.
        wish: What a wish is compared with, ``"text"`` or ``"propagated"``.
    """

    vectors: Tensor

    def __init__(
        self,
        graph: BipartiteGraph,
        vectors: Tensor,
        projector: Projector,
        *,
        layers: int,
        ridge: float = 0.0,
        loss: CatalogueLoss | None = None,
        cosine: bool = True,
        trainable: bool = False,
        wish: str = "text",
    ) -> None:
        super().__init__(graph.num_items, loss, cosine=cosine)
        self.graph, self.projector, self.layers, self.ridge = graph, projector, layers, ridge
        self.wish, self._likeness = wish, TextLikeness()
        if trainable:
            self.vectors = nn.Parameter(vectors.float().clone())
        else:
            self.register_buffer("vectors", vectors.float())
        self._spread: tuple[Tensor, Tensor] | None = None
        self._lifted = self._messages = torch.empty(0)
        self.register_load_state_dict_post_hook(lambda module, _: module.changed())  # type: ignore[no-untyped-call]

    @property
    def sizes(self) -> dict[str, int]:
        """What a recipe has to know to build it again."""
        second = self.projector.second
        return {
            "num_users": self.graph.num_users,
            "edges": self.graph.edges,
            "text_dim": self.vectors.shape[1],
            "dim": self.projector.first.out_features if second is None else second.out_features,
            "hidden": 0 if second is None else second.in_features,
            "layers": self.layers,
            "cosine": int(self.cosine),
        }

    def representations(self) -> tuple[ItemRepresentation, ItemRepresentation]:
        if self.projector.linear:
            users, items = self._spread_vectors()
            return Projected(users, self.projector), Projected(items, self.projector)
        users, items = self.graph.layer_mean(*self._own_vectors(), self.layers)
        return GivenTable(users), GivenTable(items)

    def _own_vectors(self) -> tuple[Tensor, Tensor]:
        """Users and items before propagation (eq. 2), ``(U, d)`` and ``(V, d)``."""
        lifted = self.projector.lift(self.vectors)
        return self.projector.finish(user_means(self.graph, lifted)), self.projector.finish(lifted)

    def _spread_vectors(self) -> tuple[Tensor, Tensor]:
        """Propagated language vectors: a linear map commutes with propagation, which is then done once, not each step.

        ``(U, D)`` and ``(V, D)``; kept while the language vectors are frozen.
        """
        if self._spread is not None:
            return self._spread
        spread = self.graph.layer_mean(user_means(self.graph, self.vectors), self.vectors, self.layers)
        if not isinstance(self.vectors, nn.Parameter):
            self._spread = spread
        return spread

    def prepare(self) -> None:
        if self._scoring is not None and len(self._scoring[1]) < self.num_items:
            self._append()
            return
        self._likeness.forget()
        with torch.inference_mode():
            self._lifted = self.projector.lift(self.vectors)
            own = self._own_vectors()
            users, items = self.graph.layer_mean(*own, self.layers)
            self._scoring = (users, F.normalize(items, dim=-1) if self.cosine else items)
            self._messages = item_messages(self.graph, *own, self.layers, counted=self.layers + 1)

    def _append(self) -> None:
        """What :meth:`prepare` computes, for items that came later alone: nodes without edges move no other node."""
        assert self._scoring is not None
        users, items = self._scoring
        with torch.inference_mode():
            lifted = self.projector.lift(self.vectors[len(items) :])
            own = self.projector.finish(lifted) / (self.layers + 1)
            self._lifted = torch.cat([self._lifted, lifted])
            self._scoring = users, torch.cat([items, F.normalize(own, dim=-1) if self.cosine else own])
            self._messages = torch.cat([self._messages, own if self.layers else torch.zeros_like(own)])

    def changed(self) -> None:
        """Drops everything computed from graph and vectors: one of them is another now."""
        self._spread = None
        self._likeness.forget()
        self.forget()

    def place(self, histories: Sequences, users: Tensor) -> Tensor:
        sets = distinct(histories, self.num_items)
        placed = self._propagated(sets, self._own(sets))
        if not self.ridge:
            return placed
        return fold_in(self.scoring_tables()[1], histories.last(1), self.ridge, placed)

    def intent_vectors(self, histories: Sequences, texts: Tensor, alpha: float) -> Tensor:
        """By comparing texts, or with ``wish="propagated"`` as section 3.4 does.

        That is ``(1 - alpha) e_u + alpha e_text``, propagated, without the correction by ``ridge``, which would undo
        it.
        """
        if self.wish == "text":
            return super().intent_vectors(histories, texts, alpha)
        self.scoring_tables()
        with torch.inference_mode():
            sets = distinct(histories, self.num_items)
            said = self.projector(texts.to(self.vectors))
            mixed = torch.lerp(self._own(sets), said, alpha)
            return self._propagated(sets, torch.where(nothing(histories).to(said.device), said, mixed))

    def intent_items(self) -> Tensor:
        return super().intent_items() if self.wish == "text" else self.scoring_tables()[1]

    def _own(self, sets: Sequences) -> Tensor:
        """Vectors before propagation of users with these items, ``(n, d)``; zeros for an empty row."""
        device = self._lifted.device
        offsets = as_tensor(sets.lengths).cumsum(0) - as_tensor(sets.lengths)
        means = F.embedding_bag(as_tensor(sets.flat()).to(device), self._lifted, offsets.to(device), mode="mean")
        known = as_tensor(sets.lengths).to(device) > 0
        return self.projector.finish(means) * known[:, None]

    def _propagated(self, sets: Sequences, own: Tensor) -> Tensor:
        """Vectors of nodes with edges to these items and these vectors of their own, ``(n, d)``."""
        return received(self._messages, sets) + own / (self.layers + 1)

    def grow(self, new: NewItems) -> None:
        """A new item is a node without edges."""
        rows = torch.cat([self.vectors.detach(), new.text.to(self.vectors)])
        self.vectors = nn.Parameter(rows) if isinstance(self.vectors, nn.Parameter) else rows
        self.graph.widen(len(new))
        self._spread = None
