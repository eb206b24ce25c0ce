"""Searching a recipe's settings with Optuna, on the validation targets alone.

The test targets are taken out of the split and off the sequences before anything is trained, so no setting can be
chosen by them. Every recipe gets the same budget, of trials and of seconds; the recipe's own defaults are the first
trial. The study lives in SQLite inside the folder: the same call goes on where it was stopped, inside a trial too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import foretaste
from foretaste.core.config import configure, to_dict
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.files import read_json, write_json
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.recipes.presets import preset as find_preset
from foretaste.recipes.registry import Recipe, recipe
from foretaste.recipes.run_folder import locked
from foretaste.recipes.search import GOAL, Search, TuneResult
from foretaste.recipes.space import check_space, read_space
from foretaste.recipes.splitting import make_split, open_dataset
from foretaste.recipes.without_test import without_test

TUNE = "tune.json"


def tune_run(
    name: str,
    data: str | Path,
    out: str | Path,
    *,
    trials: int = 20,
    seconds: float | None = None,
    space_file: Path | None = None,
    overrides: Iterable[str] = (),
    preset: str | None = None,
    config_file: Path | None = None,
) -> TuneResult:
    """Searches, or goes on searching, until the budget is used up.

    Args:
        name: The recipe.
        data: Data folder.
        out: Folder of the study.
        trials: Trials in all, those of earlier calls included.
        seconds: Seconds of training in all, earlier calls included; no trial is begun beyond.
        space_file: TOML file of the space; default: what the recipe declares.
        overrides: Texts ``key=value`` that hold for every trial.
        preset: Named settings under the overrides.
        config_file: TOML settings between preset and overrides.

    Raises:
        ForetasteError: If something does not fit, or ``out`` holds another search.
    """
    if trials < 1:
        raise ConfigError(f"{trials} trials find nothing", where="--trials", allowed="1 or more")
    found = recipe(name)
    values = find_preset(name, preset).values if preset is not None else None
    base = configure(found.config, preset=values, file=config_file, overrides=overrides)
    space = read_space(space_file, base) if space_file else check_space(found.space, base, where=f"the space of {name}")
    if not space:
        raise ConfigError(
            f"the recipe {name!r} declares no space to search",
            allowed="a TOML file of ranges and values",
            mend="write one and give it with --space; the head of recipes/space.py shows the form",
        )
    dataset = open_dataset(data)
    folder = Path(out)
    with locked(folder):
        _open(folder, found, base, space, dataset)
        search = Search(found, base, space, *without_test(dataset, make_split(dataset, base.split)), folder)
        say(f"tune      {name}: {', '.join(space)}")
        say(f"budget    {trials} trials" + (f", {seconds:g} s of training" if seconds else "") + f", chosen by {GOAL}")
        say(f"writes    {folder} (stop at any time; the same command goes on)")
        try:
            return search.go_on(trials, seconds)
        except KeyboardInterrupt:
            say("stopped; the same command goes on with the search")
            raise


def _open(folder: Path, found: Recipe, base: Any, space: Mapping[str, Any], dataset: Dataset) -> None:
    """Writes what is searched, or refuses a folder where something else is."""
    what = {
        "recipe": found.name,
        "config": to_dict(base),
        "data": dataset.fingerprint,
        "space": {key: repr(drawn) for key, drawn in space.items()},
        "goal": GOAL,
    }
    if (folder / TUNE).is_file():
        old = read_json(folder / TUNE)
        changed = [key for key in what if old.get(key) != what[key]]
        if changed:
            raise ArtefactError(
                f"{str(folder)!r} holds a search with another {' and another '.join(changed)}",
                where=str(folder / TUNE),
                mend="give another --out, or the call that began this search",
            )
        return
    if any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise ArtefactError(
            f"{str(folder)!r} is not empty and not a search, so nothing is written there",
            where=str(folder),
            mend="give another --out",
        )
    write_json(folder / TUNE, what | {"version": foretaste.__version__})
