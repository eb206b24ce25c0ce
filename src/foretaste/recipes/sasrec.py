"""SASRec: one stage."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sasrec import SASRecConfig, sasrec
from foretaste.models.sequence import SequenceRecommender
from foretaste.recipes.registry import Recipe
from foretaste.recipes.sequence import SequenceRecipeConfig, fit_sequence, id_table
from foretaste.recipes.spaces import SEQUENCE


@dataclass(frozen=True)
class SASRecRecipeConfig(SASRecConfig, LossConfig, SequenceRecipeConfig):
    """All keys of the recipe."""


def train(run: Run, data: Dataset, split: Split, config: SASRecRecipeConfig) -> SequenceRecommender:
    """Fits the network on the training part."""
    loss = catalogue_loss(config, split.train, data.num_items)
    items = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std)
    return fit_sequence(run, sasrec(config, data.num_items, loss, items), data, split, config)


def build(config: SASRecRecipeConfig, sizes: dict[str, int]) -> SequenceRecommender:
    """The network without its weights."""
    return sasrec(config, sizes["num_items"])


RECIPE = Recipe(
    name="sasrec",
    summary="Self-attention over the history; the reference sequence model.",
    source="Kang & McAuley, ICDM 2018, arXiv 1808.09781",
    config=SASRecRecipeConfig,
    train=train,
    build=build,
    space=SEQUENCE,
)
