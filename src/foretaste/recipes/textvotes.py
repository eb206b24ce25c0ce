"""Text votes: read the texts, count the votes of the training part; nothing is trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.lightgcn import training_graph
from foretaste.models.textvotes import TextVotes
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.registry import Recipe
from foretaste.recipes.title_text import TitleTextConfig, read_titles, scale_key


@dataclass(frozen=True)
class TextVotesConfig(TitleTextConfig, RecipeConfig):
    """All keys of the recipe."""

    scale: str = scale_key("whiten")


def train(run: Run, data: Dataset, split: Split, config: TextVotesConfig) -> TextVotes:
    """Reads the texts and counts the votes."""
    return TextVotes.of(training_graph(split.train, data.num_items), read_titles(run, data, config))


def build(config: TextVotesConfig, sizes: dict[str, int]) -> TextVotes:
    """The model without its vectors."""
    empty = torch.zeros(sizes["num_items"], sizes["text_dim"])
    return TextVotes(empty, empty, empty[:, 0])


RECIPE = Recipe(
    name="textvotes",
    summary="Whoever took things that read like yours votes for what they took; nothing is trained.",
    source="this library; two steps of LightGCN's propagation over whitened texts",
    config=TextVotesConfig,
    train=train,
    build=build,
    space={"scale": ("none", "standardise", "whiten")},
)
