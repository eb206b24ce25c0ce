"""TextKNN: what reads like the things somebody took; nothing is trained."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.base import Scorer
from foretaste.models.textknn import NearestText, TextKNN, WordKNN
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.counting import count_stage
from foretaste.recipes.registry import Recipe
from foretaste.recipes.space import Range
from foretaste.recipes.texts import TextConfig, embed_items, items_told
from foretaste.text.encoders.tfidf import TfidfEncoder


@dataclass(frozen=True)
class TextKNNConfig(RecipeConfig):
    """All keys of the recipe."""

    words: bool = option(
        False,
        "Compare exact TF-IDF vectors of the texts, as wide as the vocabulary, instead of an encoder's vectors; of the "
        "group `text` only `prompt` and `tfidf` are then used.",
    )
    aggregate: str = option(
        "recent",
        "What counts: the cosines with all newest items, those of older ones less; all alike; or the largest alone.",
        choices=("recent", "mean", "max"),
    )
    window: int = option(20, "Newest items of a history that speak.", low=1)
    decay: float = option(0.5, "For recent: weight of an item against the one that came after it.", low=0, high=1)
    text: TextConfig = field(default_factory=TextConfig, metadata={"help": "What is told of an item, and to whom."})


def train(run: Run, data: Dataset, split: Split, config: TextKNNConfig) -> Scorer:
    """Reads the texts; of the interactions nothing is used."""
    if config.words:
        _check(config)
        return count_stage(run, data, config, lambda: _counted(data, config), build)
    vectors = embed_items(run, data, config.text)
    model = build(config, {"num_items": data.num_items, "text_dim": vectors.shape[1]})
    model.load_state_dict({"vectors": torch.nn.functional.normalize(vectors, dim=1)})
    return model


def _counted(data: Dataset, config: TextKNNConfig) -> Scorer:
    model = build(config, {"num_items": data.num_items})
    assert isinstance(model, WordKNN)
    return model.fill(TfidfEncoder(config.text.tfidf).learn_words(items_told(data, config.text).texts))


def build(config: TextKNNConfig, sizes: dict[str, int]) -> Scorer:
    """The model without its vectors."""
    num_items = sizes["num_items"]
    decay = config.decay if config.aggregate == "recent" else 1.0
    if config.words:
        words, entries = sizes.get("words", 0), sizes.get("entries", 0)
        return WordKNN(num_items, words, entries, window=config.window, decay=decay)
    vectors = torch.zeros(num_items, sizes["text_dim"])
    if config.aggregate == "max":
        return NearestText(vectors, window=config.window)
    return TextKNN(vectors, window=config.window, decay=decay)


def _check(config: TextKNNConfig) -> None:
    if config.aggregate == "max":
        raise ConfigError(
            "words=true and aggregate=max do not go together: exact TF-IDF vectors are summed over a history",
            allowed="words=true with aggregate=recent or mean; text.encoder=tfidf with aggregate=max",
            mend="change one of the two",
        )


RECIPE = Recipe(
    name="textknn",
    summary="Items whose texts are like those of the history; no training, cold items included.",
    source="Content-based filtering: Pazzani & Billsus, 2007; TF-IDF: Salton & Buckley, 1988",
    config=TextKNNConfig,
    train=train,
    build=build,
    space={"decay": Range(0.2, 1.0), "window": (5, 20, 50)},
)
