"""MF: one stage."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.mf import MF, MFConfig
from foretaste.models.pair_losses import PairLossConfig, pair_loss
from foretaste.recipes.pairs import PairRecipeConfig, fit_pairs
from foretaste.recipes.registry import Recipe
from foretaste.recipes.spaces import FACTORS


@dataclass(frozen=True)
class MFRecipeConfig(MFConfig, PairLossConfig, PairRecipeConfig):
    """All keys of the recipe."""


def train(run: Run, data: Dataset, split: Split, config: MFRecipeConfig) -> MF:
    """Fits the vectors on the training part.

    Raises:
        ConfigError: If loss and optimiser do not fit together.
    """
    sparse = config.train.optimizer == "sparse-adam"
    if sparse and config.loss == "softmax":
        raise ConfigError(
            "loss=softmax changes every item in every step, which train.optimizer=sparse-adam cannot follow",
            allowed="sparse-adam with a loss that samples its negatives",
            mend="set train.optimizer=adamw, or loss=sampled-softmax",
        )
    loss = pair_loss(config, split.train, data.num_items)
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
    space=FACTORS,
)
