"""What there is: recipes, their keys, and the runs in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foretaste.core.artefact import MANIFEST
from foretaste.core.config import describe, from_dict
from foretaste.core.errors import ArtefactError
from foretaste.core.files import read_json
from foretaste.core.paths import existing_folder
from foretaste.recipes.presets import preset, presets_of
from foretaste.recipes.registry import RECIPES, recipe
from foretaste.recipes.run_folder import METRICS, RUN, read_record
from foretaste.recipes.space import Range


def list_recipes() -> list[dict[str, Any]]:
    """Name, summary, source and presets of every recipe."""
    found = [recipe(name) for name in RECIPES]
    return [
        {"recipe": r.name, "summary": r.summary, "source": r.source, "presets": list(presets_of(r.name))} for r in found
    ]


def list_runs(folder: str | Path) -> list[dict[str, Any]]:
    """Every run in the folder or below it, in order of its path: recipe, data, state, test metrics."""
    path = existing_folder(folder, "folder", error=ArtefactError)
    return [_run(file.parent) for file in sorted(path.rglob(RUN)) if "stages" not in file.relative_to(path).parts]


def show_recipe(name: str, preset_name: str | None = None) -> dict[str, Any]:
    """A recipe's keys, as `foretaste show` prints them.

    Args:
        name: The recipe.
        preset_name: Show the values of this preset in place of the defaults.
    """
    found = recipe(name)
    config = from_dict(found.config, preset(name, preset_name).values if preset_name else {})
    rows = [
        {
            "key": row.key,
            "type": row.type,
            "default": list(row.default) if isinstance(row.default, tuple) else row.default,
            "help": row.help,
            "paper": row.paper,
            "choices": list(row.choices),
            "space": _space(found.space.get(row.key)),
        }
        for row in describe(config)
    ]
    presets = [{"preset": p.name, "summary": p.summary, "values": p.values} for p in presets_of(name).values()]
    return {"recipe": name, "summary": found.summary, "source": found.source, "keys": rows, "presets": presets}


def _space(drawn: Any) -> Any:
    if isinstance(drawn, Range):
        extras = {"log": drawn.log} if drawn.log else {"step": drawn.step} if drawn.step is not None else {}
        return {"low": drawn.low, "high": drawn.high, **extras}
    return None if drawn is None else list(drawn)


def _run(folder: Path) -> dict[str, Any]:
    record = read_record(folder)
    finished = (folder / MANIFEST).is_file()
    metrics = read_json(folder / METRICS)["test"]["metrics"] if finished else {}
    return {
        "run": str(folder),
        "recipe": record.recipe,
        "data": record.data["name"],
        "seed": record.seed,
        "begun": record.begun,
        "finished": finished,
        "metrics": metrics,
    }
