"""``foretaste tune``: search settings on the validation targets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foretaste.cli.output import JsonFlag, emit
from foretaste.cli.render import stdout
from foretaste.cli.train import ConfigFile, Data, Overrides, PresetName

if TYPE_CHECKING:
    from foretaste.recipes.search import TuneResult

Name = Annotated[str, typer.Argument(help="The recipe; `foretaste ls` lists them.", show_default=False)]
Out = Annotated[
    Path | None, typer.Option(help="Folder of the search; the same call goes on with it.", show_default=False)
]
Trials = Annotated[int, typer.Option(help="Trials in all, those of earlier calls included.", min=1)]
Seconds = Annotated[
    float | None, typer.Option(help="Seconds of training in all; no trial begins beyond.", show_default=False)
]
SpaceFile = Annotated[
    Path | None, typer.Option("--space", help="TOML file of ranges and values; default: the recipe's own.")
]
USAGE = "foretaste tune NAME --data DIR --out DIR --trials N"


def tune(
    name: Name,
    overrides: Overrides = None,
    data: Data = None,
    out: Out = None,
    trials: Trials = 20,
    seconds: Seconds = None,
    space: SpaceFile = None,
    preset: PresetName = None,
    config: ConfigFile = None,
    json: JsonFlag = False,
) -> None:
    """Search a recipe's settings by validation NDCG@10; the test targets are never read.

    Every recipe gets the same budget. The best settings are written to best.toml, which `train --config` reads.

    Examples:

        foretaste tune sasrec --data data/beauty --out tune/sasrec --trials 20

        foretaste tune gru4rec --data data/beauty --out tune/gru4rec --trials 20 --space mine.toml train.epochs=50

        foretaste train sasrec --data data/beauty --out runs/best --config tune/sasrec/best.toml
    """
    from foretaste.cli.train import needed
    from foretaste.recipes.tune import tune_run

    found = tune_run(
        name,
        needed(data, "--data", USAGE),
        needed(out, "--out", USAGE),
        trials=trials,
        seconds=seconds,
        space_file=space,
        overrides=overrides or [],
        preset=preset,
        config_file=config,
    )
    emit(_facts(found), json, lambda: _show(found))


def _facts(found: TuneResult) -> dict[str, Any]:
    return {
        "tune": str(found.folder),
        "recipe": found.recipe,
        "best": found.best,
        "valid": {"ndcg@10": found.value},
        "config": str(found.config_file),
        "trials": found.trials,
    }


def _show(found: TuneResult) -> None:
    from rich.table import Table

    keys = list(found.best)
    table = Table("trial", "valid ndcg@10", "seconds", *keys, box=None, pad_edge=False)
    ranked = sorted(found.trials, key=lambda row: -1.0 if row["value"] is None else row["value"], reverse=True)
    for row in ranked[:10]:
        value = "refused" if row["value"] is None else f"{row['value']:.4f}"
        cells = [f"{v:.4g}" if isinstance(v, float) else str(v) for v in (row["values"].get(key, "") for key in keys)]
        table.add_row(str(row["trial"]), value, f"{row['seconds']:.0f}", *cells)
    stdout().print(table)
    print(f"best settings: {found.config_file}")
