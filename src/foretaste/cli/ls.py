"""``foretaste ls``: what can be trained, and what has been."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from foretaste.cli.output import JsonFlag, emit
from foretaste.cli.render import stdout

Folder = Annotated[
    Path | None, typer.Argument(help="A folder of runs; without it, the recipes are listed.", show_default=False)
]


def ls(folder: Folder = None, json: JsonFlag = False) -> None:
    """List the recipes, or the runs in a folder with their test metrics.

    Examples:

        foretaste ls

        foretaste ls runs

        foretaste ls runs --json
    """
    from foretaste.recipes.listing import list_recipes, list_runs

    if folder is None:
        recipes = list_recipes()
        emit(recipes, json, lambda: _show_recipes(recipes))
    else:
        runs = list_runs(folder)
        emit(runs, json, lambda: _show_runs(runs, folder))


def _show_recipes(recipes: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table("recipe", "what it is", "source", "presets", box=None, pad_edge=False)
    for row in recipes:
        table.add_row(row["recipe"], row["summary"], row["source"], ", ".join(row["presets"]))
    stdout().print(table)


def _show_runs(runs: list[dict[str, Any]], folder: Path) -> None:
    from rich.table import Table

    if not runs:
        print(f"no runs in {folder}")
        return
    names = [name for name in ("hr@10", "ndcg@10") if any(name in run["metrics"] for run in runs)]
    table = Table("run", "recipe", "data", "seed", "begun", "state", *names, box=None, pad_edge=False)
    for run in runs:
        values = [f"{run['metrics'][name]:.4f}" if name in run["metrics"] else "" for name in names]
        state = "finished" if run["finished"] else "unfinished"
        table.add_row(run["run"], run["recipe"], run["data"], str(run["seed"]), run["begun"], state, *values)
    stdout().print(table)
