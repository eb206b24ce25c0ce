"""MF: one stage."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.mf import MF, MFConfig
from foretaste.models.pair_losses import PairLossConfig, pair_loss
from foretaste.recipes.pairs import PairRecipeConfig, fit_pairs
from foretaste.recipes.registry import Recipe
from foretaste.recipes.spaces import PAIRS


@dataclass(frozen=True)
class MFRecipeConfig(MFConfig, PairLossConfig, PairRecipeConfig):
    """All keys of the recipe."""


def train(run: Run, data: Dataset, split: Split, config: MFRecipeConfig) -> MF:
    """Fits the vectors on the training part."""
    loss = pair_loss(config, split.train, data.num_items)
    sparse = config.train.optimizer == "sparse-adam"
    model = MF(data.num_users, data.num_items, config, loss, cosine=config.cosine, sparse=sparse)
    return fit_pairs(run, model, data, split, config)


def build(config: MFRecipeConfig, sizes: dict[str, int]) -> MF:
    """The network without its weights."""
    return MF(sizes["num_users"], sizes["num_items"], config, cosine=config.cosine)


RECIPE = Recipe(
    name="mf",
    summary="Matrix factorisation: one vector for each user and item.",
    source="Rendle et al., UAI 2009, arXiv 1205.2618",
    config=MFRecipeConfig,
    train=train,
    build=build,
    space=PAIRS,
)
