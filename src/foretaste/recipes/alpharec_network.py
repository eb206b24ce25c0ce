"""AlphaRec's keys, and the network that they describe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from foretaste.core.config import option
from foretaste.data.sequences import Sequences
from foretaste.models.alpharec import AlphaRec
from foretaste.models.alpharec_config import AlphaRecConfig
from foretaste.models.alpharec_votes import VotedAlphaRec
from foretaste.models.lightgcn import training_graph
from foretaste.models.losses import negative_sampler
from foretaste.models.pair_losses import PairLossConfig, pair_loss
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.losses.private_infonce import PrivateInfoNCELoss
from foretaste.nn.projector import Projector
from foretaste.nn.reduce import whitening
from foretaste.recipes.pairs import PairRecipeConfig
from foretaste.recipes.title_text import EPS, TitleTextConfig
from foretaste.training.config import TrainConfig

PRIVATE = 256
"""Negatives of its own that an interaction has unless told otherwise."""

BESIDE_A_STRANGER = 0.5
"""Share of votes beside a projector that never saw this catalogue, unless told otherwise."""


@dataclass(frozen=True)
class AlphaRecRecipeConfig(AlphaRecConfig, TitleTextConfig, PairLossConfig, PairRecipeConfig):
    """All keys of the recipe."""

    private: bool = option(
        False,
        "Whether each interaction has negatives of its own (infonce; 256 unless `negatives` says more) rather than "
        "some that a batch shares: the same objective, many times the work.",
        paper="true",
    )
    draws: str = option(
        "interactions",
        "An epoch: every interaction once, or as many draws that take the users in turn.",
        choices=("interactions", "users"),
        paper="users in the code, interactions in the text",
    )
    projector: str = option(
        "",
        "A finished run whose projector is taken over: nothing is trained, its encoder reads this catalogue.",
    )
    also: tuple[str, ...] = option(
        (),
        "Further data folders to train on, each with its own graph and negatives; what is measured is --data alone, "
        "the best epoch has the highest mean over all of them.",
        paper="Movies and Games beside Books, for zero-shot",
    )
    train: TrainConfig = option(
        TrainConfig(batch_tokens=8192, lr=4e-3, warmup_steps=0, patience=10), "The training loop."
    )

    @property
    def votes_share(self) -> float:
        """Share of text votes in the score."""
        if self.votes is not None:
            return self.votes
        return BESIDE_A_STRANGER if self.projector else 0.0


def network(
    config: AlphaRecRecipeConfig, train: Sequences, vectors: Tensor, projector: Projector, num_items: int
) -> AlphaRec:
    """The network on the graph of a training part, with its loss."""
    return assembled(
        config,
        training_graph(train, num_items),
        vectors,
        projector,
        layers=config.layers,
        loss=loss_of(config, train, num_items),
        cosine=config.cosine,
        trainable=config.trainable,
    )


def assembled(
    config: AlphaRecRecipeConfig,
    graph: BipartiteGraph,
    vectors: Tensor,
    projector: Projector,
    *,
    filled: bool = True,
    **keys: Any,
) -> AlphaRec:
    """The network of these parts, with votes beside it where the keys ask for them.

    Args:
        config: The recipe's keys.
        graph: The training interactions.
        vectors: Language vectors, ``(V, D)``.
        projector: Maps them.
        filled: Whether vectors and graph are there; else they will be loaded.
        keys: What else the network is told.
    """
    keys |= {"ridge": config.ridge, "wish": config.wish}
    votes = config.votes_share
    if not votes:
        return AlphaRec(graph, vectors, projector, **keys)
    width = vectors.shape[1]
    empty = torch.zeros(width), torch.zeros(width, width)
    scaling = whitening(vectors, width, eps=EPS) if filled else empty
    return VotedAlphaRec(graph, vectors, projector, votes=votes, whitening=scaling, **keys)


def projector_of(config: AlphaRecConfig, width: int) -> Projector:
    """The map that the keys name, for language vectors of this width."""
    hidden = max(1, round(config.hidden * width)) if config.map == "mlp" else 0
    return Projector(width, config.dim, hidden)


def loss_of(config: AlphaRecRecipeConfig, train: Sequences, num_items: int) -> CatalogueLoss:
    """The loss that the keys name, with samplers that know the training part."""
    if config.private and config.loss == "infonce":
        sampler = negative_sampler(config.sampler, train, num_items)
        return PrivateInfoNCELoss(sampler, negatives=config.negatives or PRIVATE, temperature=config.temperature)
    return pair_loss(config, train, num_items)
