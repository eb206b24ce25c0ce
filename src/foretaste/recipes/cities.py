"""CITIES: a plain backbone, a network that tells item vectors from contexts, and tail items that take what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.core.progress import say
from foretaste.data.contexts import Contexts, surrounding_contexts
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.cities import ContextNet, ContextNetConfig
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.items import IdTable
from foretaste.recipes.pretrained import PretrainedConfig, pretrain
from foretaste.recipes.registry import Recipe
from foretaste.recipes.sequence import id_table
from foretaste.recipes.spaces import SEQUENCE
from foretaste.training.checkpoint import load_weights
from foretaste.training.config import TrainConfig
from foretaste.training.contexts import ContextBatches
from foretaste.training.loop import fit

CHOSEN_BY = "explained"
"""Share of the variance of held-out item vectors that the network explains."""

CONTEXT_TRAIN = TrainConfig(lr=1e-3, beta2=0.999, batch_tokens=128, patience=10)


@dataclass(frozen=True)
class CITIESRecipeConfig(BackboneConfig, LossConfig, PretrainedConfig):
    """All keys of the recipe."""

    rare: int = option(5, "Items with so many training interactions or fewer are inferred.", paper="5", low=0)
    held_out: float = option(
        0.05, "Share of the other items that choose the context network's epoch.", paper="0.05", low=0, high=0.9
    )
    context: ContextNetConfig = field(
        default_factory=ContextNetConfig, metadata={"help": "The network that reads contexts."}
    )
    context_train: TrainConfig = field(
        default=CONTEXT_TRAIN, metadata={"help": "Its training; batch_tokens counts items."}
    )


def train(run: Run, data: Dataset, split: Split, config: CITIESRecipeConfig) -> SequenceRecommender:
    """Fits backbone and context network, and puts inferred vectors into the rows of tail items."""
    loss = catalogue_loss(config, split.train, data.num_items)
    table = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std)
    plain, net = backbone(config, table, loss), _context_net(config)
    model = pretrain(run, plain, data, split, config)

    contexts = surrounding_contexts(split.train, data.num_items, side=config.context.side)
    popularity, known = split.train.counts(data.num_items), contexts.counts > 0
    heads = np.flatnonzero((popularity > config.rare) & known)
    fit_context_net(run, net, model.item_vectors(), contexts, heads, config)

    tail = np.flatnonzero((popularity <= config.rare) & known)
    with torch.no_grad():
        inferred = net.infer(contexts, tail).to(table.weight.device)
        table.weight[torch.from_numpy(tail).to(table.weight.device)] = inferred
    say(f"inferred  {len(tail):,} items with {config.rare} training interactions or fewer, from {len(heads):,} others")
    return model


def fit_context_net(
    run: Run,
    net: ContextNet,
    vectors: torch.Tensor,
    contexts: Contexts,
    heads: NDArray[np.int64],
    config: CITIESRecipeConfig,
) -> None:
    """Trains the network to tell the vectors of head items, as the stage ``contexts``; some of them choose the epoch.

    Raises:
        ConfigError: If there are too few head items.
    """
    order = np.random.default_rng([config.seed, 1]).permutation(heads)
    held = max(1, round(config.held_out * len(heads)))
    if len(heads) <= held:
        raise ConfigError(
            f"with rare={config.rare} and held_out={config.held_out:g} no item is left to learn from: "
            f"{len(heads)} items are more frequent and have contexts",
            allowed="a threshold that leaves some items above it",
            mend="lower rare",
        )
    chosen, learnt = np.sort(order[:held]), np.sort(order[held:])
    net.read(vectors, heads)
    batches = ContextBatches(
        contexts, learnt, size=config.context_train.batch_tokens, most=config.context.contexts, seed=config.seed
    )

    def make(folder: Path) -> None:
        fit(
            net,
            batches,
            config.context_train,
            folder=folder,
            validate=lambda: _quality(net, contexts, chosen, learnt, config.context.contexts),
            seed=config.seed,
            choose_by=CHOSEN_BY,
        )

    inputs = {"context": config.context, "train": config.context_train, "held_out": config.held_out}
    run.stage("contexts", make, lambda folder: load_weights(folder / "weights.safetensors", net), inputs=inputs)


def _quality(
    net: ContextNet, contexts: Contexts, items: NDArray[np.int64], learnt: NDArray[np.int64], most: int
) -> dict[str, float]:
    """Mean squared error on held-out items, and the share of their variance that is explained."""
    wanted = net.vectors[torch.from_numpy(items).to(net.vectors.device)]
    middle = net.vectors[torch.from_numpy(learnt).to(net.vectors.device)].mean(0)
    error = float((net.infer(contexts, items, most) - wanted).square().mean())
    return {"mse": error, CHOSEN_BY: 1 - error / max(float((wanted - middle).square().mean()), 1e-20)}


def _context_net(config: CITIESRecipeConfig) -> ContextNet:
    """The context network. It is made before any stage, so that its start does not depend on which were run before."""
    if config.dim % config.context.heads:
        raise ConfigError(
            f"context.heads={config.context.heads} does not divide dim={config.dim}",
            allowed="heads that divide dim",
            mend="change one of the two",
        )
    return ContextNet(config.dim, config.context)


def build(config: CITIESRecipeConfig, sizes: dict[str, int]) -> SequenceRecommender:
    """The network without its weights: a plain backbone."""
    return backbone(config, IdTable(sizes["num_items"], config.dim))


RECIPE = Recipe(
    name="cities",
    summary="A backbone whose tail items take vectors inferred from their contexts.",
    source="Jang et al., ICDM 2020, arXiv 2105.10868; swonj90/CITIES",
    config=CITIESRecipeConfig,
    train=train,
    build=build,
    space=SEQUENCE,
)
