"""Text votes: whoever took things that read like yours votes for what they took. Nothing is trained.

A user is what the texts of a history send, each the less the more people took it; an item is the sum of the users who
took it, and what its own text sends, so that an item that nobody took is found by its text:

    u = Σ_{t in h} e_t / √d_t        q_i = Σ_{v: i in h_v} u_v / |h_v| + e_i / √d_i        score = ⟨u, q_i⟩

That is two steps of LightGCN's propagation (arXiv 2002.02126) from items to users and back, with the item's own degree
left in, so that what many took is recommended more. With whitened texts nobody's likeness is that of all texts to each
other. Source: this library; cosines with the mean of a history, which AlphaRec compares with (arXiv 2407.05441), see
neither who else took an item nor how many did.
"""

from __future__ import annotations

import torch
from torch import Tensor

from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever, Users
from foretaste.models.history_means import history_sums
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.growth import NewItems


class TextVotes(Retriever):
    """Each item of a history speaks once, whenever it was taken.

    Args:
        vectors: Language vectors, whitened, ``(V, D)``.
        votes: What items are voted for with, ``(V, D)``.
        weights: ``1 / √d_t`` of each item, ``(V,)``.
    """

    vectors: Tensor
    votes: Tensor
    weights: Tensor

    def __init__(self, vectors: Tensor, votes: Tensor, weights: Tensor) -> None:
        super().__init__()
        self.num_items = len(vectors)
        self.sizes = {"text_dim": vectors.shape[1]}
        for name, rows in (("vectors", vectors), ("votes", votes), ("weights", weights)):
            self.register_buffer(name, rows.float().clone())

    @classmethod
    def of(cls, graph: BipartiteGraph, vectors: Tensor) -> TextVotes:
        """Counts the votes of the training interactions.

        Args:
            graph: Who took what.
            vectors: Language vectors, whitened, ``(V, D)``.
        """
        rows, degrees = vectors.float(), graph.item_degrees().clamp_min(1).float()
        voters, _ = graph.propagate(rows.new_zeros(graph.num_users, rows.shape[1]), rows)
        _, votes = graph.propagate(voters, rows)
        own = rows * degrees.rsqrt()[:, None]
        return cls(rows, votes * degrees.sqrt()[:, None] + own, degrees.rsqrt())

    def grow(self, new: NewItems) -> None:
        """Nobody has voted for a new item but its own text."""
        rows = new.text.to(self.vectors)
        self.vectors, self.votes = torch.cat([self.vectors, rows]), torch.cat([self.votes, rows])
        self.weights = torch.cat([self.weights, self.weights.new_ones(len(new))])

    def item_vectors(self) -> Tensor:
        return self.votes

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        return history_sums(histories, self.vectors, self.weights)
