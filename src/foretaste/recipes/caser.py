"""Caser: one stage."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.caser import CaserConfig, caser
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.recipes.registry import Recipe
from foretaste.recipes.sequence import SequenceRecipeConfig, fit_sequence, id_table
from foretaste.recipes.space import Range


@dataclass(frozen=True)
class CaserRecipeConfig(CaserConfig, LossConfig, SequenceRecipeConfig):
    """All keys of the recipe."""


def train(run: Run, data: Dataset, split: Split, config: CaserRecipeConfig) -> SequenceRecommender:
    """Fits the network on the training part."""
    loss = catalogue_loss(config, split.train, data.num_items)
    items = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std)
    return fit_sequence(run, caser(config, data.num_items, loss, items), data, split, config)


def build(config: CaserRecipeConfig, sizes: dict[str, int]) -> SequenceRecommender:
    """The network without its weights."""
    return caser(config, sizes["num_items"])


RECIPE = Recipe(
    name="caser",
    summary="Convolutions over the newest items.",
    source="Tang & Wang, WSDM 2018, arXiv 1809.07426",
    config=CaserRecipeConfig,
    train=train,
    build=build,
    space={
        "train.lr": Range(5e-4, 8e-3, log=True),
        "dropout": Range(0.1, 0.7),
        "train.weight_decay": (0.0, 0.01, 0.1),
        "window": (3, 5, 9),
    },
)
