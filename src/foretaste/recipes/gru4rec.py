"""GRU4Rec: one stage."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.gru4rec import GRU4RecConfig, gru4rec
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.recipes.registry import Recipe
from foretaste.recipes.sequence import SequenceRecipeConfig, fit_sequence, id_table
from foretaste.recipes.spaces import SEQUENCE


@dataclass(frozen=True)
class GRU4RecRecipeConfig(GRU4RecConfig, LossConfig, SequenceRecipeConfig):
    """All keys of the recipe."""


def train(run: Run, data: Dataset, split: Split, config: GRU4RecRecipeConfig) -> SequenceRecommender:
    """Fits the network on the training part."""
    loss = catalogue_loss(config, split.train, data.num_items)
    items = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std)
    return fit_sequence(run, gru4rec(config, data.num_items, loss, items), data, split, config)


def build(config: GRU4RecRecipeConfig, sizes: dict[str, int]) -> SequenceRecommender:
    """The network without its weights."""
    return gru4rec(config, sizes["num_items"])


RECIPE = Recipe(
    name="gru4rec",
    summary="A gated recurrent network over the history.",
    source="Hidasi et al., ICLR 2016, arXiv 1511.06939",
    config=GRU4RecRecipeConfig,
    train=train,
    build=build,
    space=SEQUENCE,
)
