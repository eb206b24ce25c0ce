"""RLMRec: a sequence model whose item vectors are held to the texts by a second loss."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.alignment import TextContrast, TextGeneration
from foretaste.models.auxiliary import AuxiliaryLoss, Regularised
from foretaste.models.backbones import backbone
from foretaste.models.losses import catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.items import IdTable
from foretaste.recipes.registry import Recipe
from foretaste.recipes.sequence import fit_sequence, id_table
from foretaste.recipes.space import Range
from foretaste.recipes.spaces import SEQUENCE
from foretaste.recipes.text_sequence import TextSequenceConfig, text_vectors


@dataclass(frozen=True)
class RLMRecConfig(TextSequenceConfig):
    """All keys of the recipe."""

    align: str = option(
        "con",
        "con: which item's text is it; gen: the text of hidden items from the states at their places; gen-item: from "
        "the items' own vectors.",
        choices=("con", "gen", "gen-item"),
        paper="con and gen",
    )
    weight: float = option(
        1.0, "Weight of the alignment; gen wants less, 0.1.", paper="0.01 (con), 0.01 to 0.1 (gen)", low=0
    )
    tau: float = option(0.2, "Temperature of the alignment.", paper="0.2 (con), 0.1 to 1 (gen)", low=1e-3)
    share: float = option(0.15, "Share of the places that gen hides.", paper="0.05 to 0.15", low=0, high=1)


def train(run: Run, data: Dataset, split: Split, config: RLMRecConfig) -> SequenceRecommender:
    """Reads the texts, and trains with both losses."""
    vectors = text_vectors(run, data, config)
    items = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std)
    model = backbone(config, items, catalogue_loss(config, split.train, data.num_items))
    return fit_sequence(run, Regularised(model, [alignment(vectors, config)]), data, split, config).model


def alignment(vectors: Tensor, config: RLMRecConfig) -> AuxiliaryLoss:
    """The second loss that the keys describe."""
    if config.align == "con":
        return TextContrast(vectors, config.dim, weight=config.weight, temperature=config.tau)
    return TextGeneration(
        vectors,
        config.dim,
        weight=config.weight,
        temperature=config.tau,
        share=config.share,
        from_item=config.align == "gen-item",
    )


def build(config: RLMRecConfig, sizes: dict[str, int]) -> SequenceRecommender:
    """The network without its weights; texts are not needed any more."""
    return backbone(config, IdTable(sizes["num_items"], config.dim))


RECIPE = Recipe(
    name="rlmrec",
    summary="Item vectors kept in touch with their texts by a contrastive or generative loss.",
    source="Ren et al., WWW 2024, arXiv 2310.15950",
    config=RLMRecConfig,
    train=train,
    build=build,
    space={**SEQUENCE, "weight": Range(0.01, 1.0, log=True)},
)
