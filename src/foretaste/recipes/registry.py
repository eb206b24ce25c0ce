"""Every system by its name on the command line. Modules are imported when a recipe is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from foretaste.core.errors import unknown

RECIPES = {
    "sasrec": "foretaste.recipes.sasrec",
    "gru4rec": "foretaste.recipes.gru4rec",
    "bert4rec": "foretaste.recipes.bert4rec",
    "caser": "foretaste.recipes.caser",
    "llmemb": "foretaste.recipes.llmemb",
    "popularity": "foretaste.recipes.popularity",
    "itemknn": "foretaste.recipes.itemknn",
    "transitions": "foretaste.recipes.transitions",
    "mf": "foretaste.recipes.mf",
    "lightgcn": "foretaste.recipes.lightgcn",
    "sgl": "foretaste.recipes.sgl",
    "xsimgcl": "foretaste.recipes.xsimgcl",
    "multvae": "foretaste.recipes.multvae",
    "embknn": "foretaste.recipes.embknn",
    "textvotes": "foretaste.recipes.textvotes",
    "kar": "foretaste.recipes.kar",
    "llmesr": "foretaste.recipes.llmesr",
    "pad": "foretaste.recipes.pad",
    "llm2x": "foretaste.recipes.llm2x",
    "unisrec": "foretaste.recipes.unisrec",
    "fdsa": "foretaste.recipes.fdsa",
    "rlmrec": "foretaste.recipes.rlmrec",
    "rlmrec-lightgcn": "foretaste.recipes.rlmrec_lightgcn",
    "textknn": "foretaste.recipes.textknn",
    "alpharec": "foretaste.recipes.alpharec",
    "melt": "foretaste.recipes.melt",
    "cities": "foretaste.recipes.cities",
    "said": "foretaste.recipes.said",
    "tslrec": "foretaste.recipes.tslrec",
}
"""Name → module; each module defines ``RECIPE``."""


@dataclass(frozen=True)
class Recipe:
    """A system: how to train it and how to build its empty network again.

    Attributes:
        name: Its name on the command line.
        summary: One line for `foretaste ls`.
        source: The paper.
        config: Its frozen dataclass of keys, a subclass of ``RecipeConfig``.
        train: ``train(run, dataset, split, config) -> Scorer``: the paper's stages in order.
        build: ``build(config, sizes) -> Scorer``: the network with untrained weights; ``sizes`` has ``num_items`` and
            ``num_users``, and whatever else the recipe put into ``Scorer.sizes``.
        space: What `foretaste tune` searches: key → ``Range`` or a tuple of values (see ``recipes/space.py``).
    """

    name: str
    summary: str
    source: str
    config: type[Any]
    train: Callable[..., Any]
    build: Callable[[Any, dict[str, int]], Any]
    space: Mapping[str, Any] = field(default_factory=dict)


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        ConfigError: If there is none; suggests the nearest.
    """
    if name not in RECIPES:
        raise unknown("recipe", name, RECIPES, where="foretaste train NAME")
    found: Recipe = importlib.import_module(RECIPES[name]).RECIPE
    return found
