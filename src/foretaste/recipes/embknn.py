"""EMB-KNN: cosines between items and the mean of a history; nothing is trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.embknn import EmbKNN
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.registry import Recipe
from foretaste.recipes.title_text import TitleTextConfig, read_titles, scale_key


@dataclass(frozen=True)
class EmbKNNConfig(TitleTextConfig, RecipeConfig):
    """All keys of the recipe."""

    scale: str = scale_key("none")


def train(run: Run, data: Dataset, split: Split, config: EmbKNNConfig) -> EmbKNN:
    """Reads the texts; of the interactions nothing is used."""
    return EmbKNN(read_titles(run, data, config))


def build(config: EmbKNNConfig, sizes: dict[str, int]) -> EmbKNN:
    """The model without its vectors."""
    return EmbKNN(torch.zeros(sizes["num_items"], sizes["text_dim"]))


RECIPE = Recipe(
    name="embknn",
    summary="Items near the mean of the history's language vectors; nothing is trained.",
    source="Sheng et al., ICLR 2025, arXiv 2407.05441 (its baseline EMB-KNN)",
    config=EmbKNNConfig,
    train=train,
    build=build,
    space={"scale": ("none", "standardise", "whiten")},
)
