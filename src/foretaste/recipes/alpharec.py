"""AlphaRec: read the titles, train the projector; or take over a trained projector and train nothing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.sequences import Sequences
from foretaste.data.split import Split
from foretaste.models.alpharec import AlphaRec, AlphaRecConfig
from foretaste.models.lightgcn import training_graph
from foretaste.models.losses import negative_sampler
from foretaste.models.pair_losses import PairLossConfig, pair_loss
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.losses.private_infonce import PrivateInfoNCELoss
from foretaste.nn.projector import Projector
from foretaste.recipes.pairs import PairRecipeConfig, fit_pairs
from foretaste.recipes.registry import Recipe
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.space import Range
from foretaste.recipes.title_text import TitleTextConfig, read_titles
from foretaste.training.batches import Batches
from foretaste.training.config import TrainConfig
from foretaste.training.user_pairs import UserPairBatches

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
    train: TrainConfig = option(TrainConfig(batch_tokens=4096, lr=2e-3, warmup_steps=0, patience=10), "The training loop.")


def train(run: Run, data: Dataset, split: Split, config: AlphaRecRecipeConfig) -> AlphaRec:
    """Reads the texts, and trains the projector on the graph of the training part."""
    vectors = read_titles(run, data, config)
    seed_everything(config.seed)
    projector = projector_of(config, vectors.shape[1])
    model = network(config, split.train, vectors, projector, data.num_items)
    return fit_pairs(run, model, data, split, config, batches=batches_of(config, split.train))


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


def batches_of(config: AlphaRecRecipeConfig, train: Sequences) -> Batches | None:
    """What an epoch consists of; None for the usual."""
    if config.draws == "interactions":
        return None
    return UserPairBatches(train, size=config.train.batch_tokens, seed=config.seed)


def build(config: AlphaRecRecipeConfig, sizes: dict[str, int]) -> AlphaRec:
    """The network without weights, texts and edges; its shape is that of the projector, wherever that came from."""
    return AlphaRec(
        BipartiteGraph(sizes["num_users"], sizes["num_items"], sizes["edges"]),
        torch.zeros(sizes["num_items"], sizes["text_dim"]),
        Projector(sizes["text_dim"], sizes["dim"], sizes["hidden"]),
        layers=sizes["layers"],
        ridge=config.ridge,
        cosine=bool(sizes["cosine"]),
    )


RECIPE = Recipe(
    name="alpharec",
    summary="Language vectors of titles through one projector, smoothed over the graph; nobody has an id.",
    source="Sheng et al., ICLR 2025, arXiv 2407.05441",
    config=AlphaRecRecipeConfig,
    train=train,
    build=build,
    space={
        "train.lr": Range(5e-4, 1e-2, log=True),
        "temperature": Range(0.05, 0.5, log=True),
        "layers": (1, 2, 3),
        "ridge": (0.0, 0.1, 1.0),
    },
)
