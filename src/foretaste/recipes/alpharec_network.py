"""AlphaRec's keys, and the network that they describe."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from foretaste.core.config import option
from foretaste.data.sequences import Sequences
from foretaste.models.alpharec import AlphaRec
from foretaste.models.alpharec_config import AlphaRecConfig
from foretaste.models.lightgcn import training_graph
from foretaste.models.losses import negative_sampler
from foretaste.models.pair_losses import PairLossConfig, pair_loss
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.losses.private_infonce import PrivateInfoNCELoss
from foretaste.nn.projector import Projector
from foretaste.recipes.pairs import PairRecipeConfig
from foretaste.recipes.title_text import TitleTextConfig
from foretaste.training.config import TrainConfig

PRIVATE = 256
"""Negatives of its own that an interaction has unless told otherwise."""


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
        TrainConfig(batch_tokens=4096, lr=2e-3, warmup_steps=0, patience=10), "The training loop."
    )


def network(
    config: AlphaRecRecipeConfig, train: Sequences, vectors: Tensor, projector: Projector, num_items: int
) -> AlphaRec:
    """The network on the graph of a training part, with its loss."""
    return AlphaRec(
        training_graph(train, num_items),
        vectors,
        projector,
        layers=config.layers,
        ridge=config.ridge,
        loss=loss_of(config, train, num_items),
        cosine=config.cosine,
        trainable=config.trainable,
        wish=config.wish,
    )


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
