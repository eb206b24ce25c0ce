"""Mult-VAE: one stage, fed with whole users."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.multvae import MultVAE, MultVAEConfig
from foretaste.models.pairs import distinct
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.fitting import fit_stage
from foretaste.recipes.registry import Recipe
from foretaste.recipes.space import Range
from foretaste.training.config import TrainConfig
from foretaste.training.sets import SetBatches


@dataclass(frozen=True)
class MultVAERecipeConfig(MultVAEConfig, RecipeConfig):
    """All keys of the recipe."""

    train: TrainConfig = option(
        TrainConfig(batch_tokens=2048, lr=1e-3, beta2=0.999, warmup_steps=0, patience=10), "The training loop."
    )


def train(run: Run, data: Dataset, split: Split, config: MultVAERecipeConfig) -> MultVAE:
    """Fits encoder and decoder on the users' training items."""
    sets = distinct(split.train, data.num_items)
    batches = SetBatches(sets, size=config.train.batch_tokens, seed=config.seed)
    return fit_stage(run, MultVAE(data.num_items, config), batches, data, split, config)


def build(config: MultVAERecipeConfig, sizes: dict[str, int]) -> MultVAE:
    """The network without its weights."""
    return MultVAE(sizes["num_items"], config)


RECIPE = Recipe(
    name="multvae",
    summary="Variational autoencoder of a user's items, with a multinomial likelihood.",
    source="Liang et al., WWW 2018, arXiv 1802.05814",
    config=MultVAERecipeConfig,
    train=train,
    build=build,
    space={"train.lr": Range(2e-4, 5e-3, log=True), "dropout": Range(0.2, 0.8), "beta": Range(0.0, 1.0)},
)
