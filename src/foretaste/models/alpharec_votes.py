"""AlphaRec with text votes beside it: who took what, counted, where the projector knows too little.

A projector knows the catalogues that it was trained on, and 64 columns of those; whoever took things of like texts
knows this one. So the cosine of network and item, and the votes of ``models/textvotes.py``, are one score:

    s(u, i) = (1 - votes) cos(u, i) + votes ⟨t_u / |t_u|, q_i⟩ / rms |q|

(where the network was not trained on cosines, ``⟨u / |u|, v_i⟩ / rms |v|`` instead).

The votes need no training, so they come along wherever a projector is taken. Source: this library; the paper
(arXiv 2407.05441) has the cosine alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.alpharec import AlphaRec
from foretaste.models.base import Users
from foretaste.models.textvotes import TextVotes
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.growth import NewItems
from foretaste.nn.projector import Projector


class VotedAlphaRec(AlphaRec):
    """One inner product of ``dim + D`` columns; wishes of the kind ``propagated`` look at the network alone.

    Args:
        graph: The training interactions.
        vectors: Language vectors of the items, ``(num_items, D)``.
        projector: Maps ``D`` columns to ``dim``.
        votes: Their share of the score, from 0 to 1.
        whitening: Mean ``(D,)`` and matrix ``(D, D)`` that whiten the language vectors, for the votes alone.
        keys: As of :class:`AlphaRec`.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(
        self,
        graph: BipartiteGraph,
        vectors: Tensor,
        projector: Projector,
        *,
        votes: float,
        whitening: tuple[Tensor, Tensor],
        **keys: Any,
    ) -> None:
        super().__init__(graph, vectors, projector, **keys)
        self.votes = votes
        for name, part in zip(("mean", "matrix"), whitening, strict=True):
            self.register_buffer(name, part.to(self.vectors))
        self._voters: list[TextVotes] = []  # a list, since it is made of the graph and neither saved nor trained
        self._table = torch.empty(0)

    def prepare(self) -> None:
        super().prepare()
        assert self._scoring is not None
        with torch.inference_mode():
            own, voted = (self._level(table) for table in (self._scoring[1], self._counted().item_vectors()))
            self._table = torch.cat([(1 - self.votes) * own, self.votes * voted], dim=1)

    def _level(self, table: Tensor) -> Tensor:
        """Vectors over the root of the mean square length of those that somebody took; cosines stay as they are."""
        known = table[self.graph.item_degrees() > 0]
        return table / known.square().sum(1).mean().sqrt().clamp_min(1e-12)

    def _counted(self) -> TextVotes:
        """The votes of this graph; they stay while graph and language vectors do."""
        if not self._voters:
            self._voters = [TextVotes.of(self.graph, self._whitened(self.vectors))]
        return self._voters[0]

    def _whitened(self, vectors: Tensor) -> Tensor:
        return (vectors.detach() - self.mean) @ self.matrix

    def forget(self) -> None:
        super().forget()
        if isinstance(self.vectors, torch.nn.Parameter):
            self._voters = []

    def changed(self) -> None:
        self._voters = []
        super().changed()

    def grow(self, new: NewItems) -> None:
        super().grow(new)
        for voters in self._voters:
            voters.grow(replace(new, text=self._whitened(new.text.to(self.vectors))))

    def item_vectors(self) -> Tensor:
        self.scoring_tables()
        return self._table

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        own = F.normalize(super().user_vectors(histories, users), dim=1)
        return torch.cat([own, F.normalize(self._counted().user_vectors(histories), dim=1)], dim=1)

    def compared(self, histories: Sequences) -> Tensor:
        return self.user_vectors(histories)

    def compared_items(self) -> Tensor:
        return self.item_vectors()
