"""Popularity: one count."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.popularity import Popularity, ordered_counts, tied_counts
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.counting import count_stage
from foretaste.recipes.registry import Recipe


@dataclass(frozen=True)
class PopularityConfig(RecipeConfig):
    """All keys of the recipe."""

    counted_on: str = option(
        "train",
        "Interactions that are counted; all includes the very targets that are asked for.",
        paper="all (a leak in S3-Rec's published PopRec row)",
        choices=("train", "all"),
    )
    ties: str = option(
        "id",
        "Items taken equally often: listed in order of their raw id, or level with each other.",
        paper="one fixed order",
        choices=("id", "level"),
    )


def train(run: Run, data: Dataset, split: Split, config: PopularityConfig) -> Popularity:
    """Counts how often each item was taken."""

    def count() -> Popularity:
        rows = split.train if config.counted_on == "train" else data.sequences
        counts = rows.counts(data.num_items)
        strength = ordered_counts(counts, data.items) if config.ties == "id" else tied_counts(counts)
        return Popularity(data.num_items, strength)

    return count_stage(run, data, config, count, build)


def build(config: PopularityConfig, sizes: dict[str, int]) -> Popularity:
    """The model without its counts."""
    return Popularity(sizes["num_items"])


RECIPE = Recipe(
    name="popularity",
    summary="What most people took, the same for everybody.",
    source="the line that every model has to pass",
    config=PopularityConfig,
    train=train,
    build=build,
)
