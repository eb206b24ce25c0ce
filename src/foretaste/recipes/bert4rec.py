"""BERT4Rec: one stage."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.bert4rec import BERT4RecConfig, bert4rec
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.recipes.registry import Recipe
from foretaste.recipes.sequence import SequenceRecipeConfig, fit_sequence, id_table
from foretaste.recipes.spaces import SEQUENCE


@dataclass(frozen=True)
class BERT4RecRecipeConfig(BERT4RecConfig, LossConfig, SequenceRecipeConfig):
    """All keys of the recipe."""


def train(run: Run, data: Dataset, split: Split, config: BERT4RecRecipeConfig) -> SequenceRecommender:
    """Fits the network on the training part."""
    loss = catalogue_loss(config, split.train, data.num_items)
    items = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std)
    return fit_sequence(run, bert4rec(config, data.num_items, loss, items), data, split, config)


def build(config: BERT4RecRecipeConfig, sizes: dict[str, int]) -> SequenceRecommender:
    """The network without its weights."""
    return bert4rec(config, sizes["num_items"])


RECIPE = Recipe(
    name="bert4rec",
    summary="Bidirectional self-attention trained on masked items.",
    source="Sun et al., CIKM 2019, arXiv 1904.06690",
    config=BERT4RecRecipeConfig,
    train=train,
    build=build,
    space=SEQUENCE,
)
