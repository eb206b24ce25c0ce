"""LLM2X: a trainable item table that starts from a language model's vectors, reduced to its width."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.backbones import backbone
from foretaste.models.losses import catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.items import IdTable
from foretaste.nn.reduce import pca, random_projection, whiten
from foretaste.recipes.registry import Recipe
from foretaste.recipes.sequence import fit_sequence
from foretaste.recipes.spaces import SEQUENCE
from foretaste.recipes.text_sequence import TextSequenceConfig, text_vectors


@dataclass(frozen=True)
class LLM2XConfig(TextSequenceConfig):
    """All keys of the recipe."""

    init: str = option(
        "pca",
        "How text vectors become as wide as item vectors: principal components, the same whitened, random directions.",
        choices=("pca", "whiten", "random-projection"),
        paper="pca",
    )
    rescale: bool = option(
        True,
        "Bring the start vectors to standard deviation init_std; else they keep the encoder's scale.",
        paper="false",
    )


def train(run: Run, data: Dataset, split: Split, config: LLM2XConfig) -> SequenceRecommender:
    """Reads the texts, reduces their vectors, and trains from there."""
    vectors = text_vectors(run, data, config)
    sparse = config.train.optimizer == "sparse-adam"
    items = IdTable(data.num_items, config.dim, start=start_vectors(vectors, config), sparse=sparse)
    loss = catalogue_loss(config, split.train, data.num_items)
    return fit_sequence(run, backbone(config, items, loss), data, split, config)


def start_vectors(vectors: Tensor, config: LLM2XConfig) -> Tensor:
    """The text vectors at the width of an item vector, ``(num_items, dim)``."""
    std = config.init_std if config.rescale else None
    if config.init == "random-projection":
        return random_projection(vectors, config.dim, seed=config.seed, std=std)
    if config.init == "whiten":
        return whiten(vectors, config.dim) * (1.0 if std is None else std)
    return pca(vectors, config.dim, std=std)


def build(config: LLM2XConfig, sizes: dict[str, int]) -> SequenceRecommender:
    """The network without its weights."""
    return backbone(config, IdTable(sizes["num_items"], config.dim))


RECIPE = Recipe(
    name="llm2x",
    summary="Item vectors that start from principal components of a language model's and are trained on.",
    source="Harte et al., RecSys 2023 (LLM2BERT4Rec), arXiv 2309.07602; LLMInit in LLM-ESR",
    config=LLM2XConfig,
    train=train,
    build=build,
    space=SEQUENCE,
)
