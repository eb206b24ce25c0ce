"""Settings of the comparison: those of a search on one data set, or the recipe's defaults where these are better.

A search for every method on every data set would take days. So each is searched with the same number of trials on one,
and elsewhere its two candidates, what was found there and the defaults, meet on the validation targets of the first
seed.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from alpharec.kept import Kept
from foretaste.core.config import flat
from foretaste.recipes.registry import recipe as recipe_of

TUNED = Path(__file__).parent / "tuned.toml"
"""Settings found with the same budget for every method, validation only."""

HOME = ("amazon_prime_pantry", "ratio")
"""Where they were found: there the defaults were one of the trials."""

DEFAULTS = "-defaults"
"""Behind a method's name: run with the recipe's defaults."""

CHOSEN_BY = {"ratio": "ndcg@20", "leave-one-out": "ndcg@10"}
"""What a protocol chooses by."""


def tuned(method: str) -> tuple[str, ...]:
    """Keys found for a method, as ``key=value``."""
    if not TUNED.is_file():
        return ()
    found = tomllib.loads(TUNED.read_text(encoding="utf-8")).get(method, {})
    return tuple(f"{key}={value}" for key, value in found.items())


def ways(method: str, recipe: str, data: str, split: str) -> list[tuple[str, tuple[str, ...]]]:
    """Names of runs, and the keys that may be taken for them: one where there is nothing to choose."""
    found = tuned(method)
    plain = {f"{key}={value}" for key, value in flat(recipe_of(recipe).config()).items()}
    if (data, split) == HOME or plain.issuperset(found):
        return [(method, found)]
    return [(method, found), (method + DEFAULTS, ())]


def better(runs: list[Kept | None], split: str) -> int | None:
    """Which of the runs is better on the validation targets; None while one is missing."""
    if len(runs) == 1:
        return 0
    values = [run.about["valid"][CHOSEN_BY[split]] for run in runs if run is not None]
    return max(range(len(values)), key=values.__getitem__) if len(values) == len(runs) else None
