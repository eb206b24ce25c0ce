"""ItemKNN: one table of similarities, counted."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.item_to_item import ItemToItem
from foretaste.models.itemknn import cosine_table
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.counting import count_stage
from foretaste.recipes.registry import Recipe
from foretaste.recipes.space import Range


@dataclass(frozen=True)
class ItemKNNConfig(RecipeConfig):
    """All keys of the recipe."""

    window: int = option(20, "Newest items of a history that speak.", paper="all", low=1)
    decay: float = option(0.8, "Weight of an item against the one that came after it.", paper="1", low=0, high=1)
    shrink: float = option(
        1.0, "Added to the norm of each item, against chance likeness of rare items.", paper="0", low=0
    )
    neighbours: int = option(0, "Most similar items that each item keeps; 0 keeps all.", paper="20 to 100", low=0)


def train(run: Run, data: Dataset, split: Split, config: ItemKNNConfig) -> ItemToItem:
    """Counts who took what together, and turns the counts into cosines."""

    def count() -> ItemToItem:
        table = cosine_table(split.train, data.num_items, shrink=config.shrink, neighbours=config.neighbours)
        return build(config, {"num_items": data.num_items}).fill(table)

    return count_stage(run, data, config, count, build)


def build(config: ItemKNNConfig, sizes: dict[str, int]) -> ItemToItem:
    """The model without its table."""
    return ItemToItem(sizes["num_items"], sizes.get("entries", 0), window=config.window, decay=config.decay)


RECIPE = Recipe(
    name="itemknn",
    summary="Items that the same people took; strong, instant, and hard to beat.",
    source="Sarwar et al., WWW 2001; Deshpande & Karypis, TOIS 2004",
    config=ItemKNNConfig,
    train=train,
    build=build,
    space={"window": (5, 10, 20, 50), "decay": Range(0.5, 1.0), "shrink": Range(0.0, 5.0)},
)
