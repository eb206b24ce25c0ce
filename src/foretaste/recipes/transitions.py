"""Transitions: one table of counts."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.item_to_item import ItemToItem
from foretaste.models.transitions import transition_table
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.counting import count_stage
from foretaste.recipes.registry import Recipe


@dataclass(frozen=True)
class TransitionsConfig(RecipeConfig):
    """All keys of the recipe: none of its own."""


def train(run: Run, data: Dataset, split: Split, config: TransitionsConfig) -> ItemToItem:
    """Counts what came directly after what."""

    def count() -> ItemToItem:
        return build(config, {"num_items": data.num_items}).fill(transition_table(split.train, data.num_items))

    return count_stage(run, data, config, count, build)


def build(config: TransitionsConfig, sizes: dict[str, int]) -> ItemToItem:
    """The model without its table: the newest item alone speaks."""
    return ItemToItem(sizes["num_items"], sizes.get("entries", 0), window=1, decay=1.0)


RECIPE = Recipe(
    name="transitions",
    summary="What came directly after the last item; a first-order Markov chain.",
    source="Rendle et al., WWW 2010 (the unfactorised chain)",
    config=TransitionsConfig,
    train=train,
    build=build,
)
