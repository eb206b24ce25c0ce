"""``foretaste train``: one run, begun or gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foretaste.cli.output import JsonFlag, emit

if TYPE_CHECKING:
    from foretaste.recipes.train import RunResult

Name = Annotated[
    str | None,
    typer.Argument(
        help="The recipe (`foretaste ls` lists them); with --resume alone, a run's folder.", show_default=False
    ),
]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings; `foretaste show NAME` lists them.")
]
Data = Annotated[Path | None, typer.Option(help="Data folder in the tidy form.", show_default=False)]
Out = Annotated[Path | None, typer.Option(help="Folder of the run.", show_default=False)]
PresetName = Annotated[str | None, typer.Option("--preset", help="Named settings, e.g. parity.", show_default=False)]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file of settings.", show_default=False)]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder given as NAME, or in --out.")]
Processes = Annotated[int, typer.Option(help="Train in so many processes on this machine.", min=1)]


def train(
    context: typer.Context,
    name: Name = None,
    overrides: Overrides = None,
    data: Data = None,
    out: Out = None,
    preset: PresetName = None,
    config: ConfigFile = None,
    resume: Resume = False,
    processes: Processes = 1,
    json: JsonFlag = False,
) -> None:
    """Train a recipe on a data set, measure it on validation and test targets, and save it.

    The same command goes on with a run that was stopped, and leaves a finished one as it is.

    Examples:

        foretaste train sasrec --data data/beauty --out runs/sasrec

        foretaste train sasrec --data data/beauty --out runs/wide dim=128 train.lr=1e-3

        foretaste train sasrec --data data/beauty --out runs/paper --preset parity

        foretaste train --resume runs/sasrec
    """
    from foretaste.recipes.train import is_main, resume_run, train_run

    if processes > 1:
        from foretaste.recipes.launch import launch

        raise typer.Exit(launch(context.obj, processes))
    if resume and name is not None and out is None:
        _refuse_settings(overrides, preset, config)
        found = resume_run(name, data)
    elif resume and name is None and out is not None:
        _refuse_settings(overrides, preset, config)
        found = resume_run(out, data)
    else:
        recipe = needed(name, "NAME")
        found = train_run(
            str(recipe),
            needed(data, "--data"),
            needed(out, "--out"),
            overrides or [],
            preset=preset,
            config_file=config,
        )
    if is_main():
        emit(_facts(found), json, lambda: _show(found))


USAGE = "foretaste train NAME --data DIR --out RUN, or foretaste train --resume RUN"


def needed(value: Any, option: str, usage: str = USAGE) -> Any:
    """The value, or the error that the option is missing."""
    from foretaste.core.errors import ConfigError

    if value is None:
        mend = "`foretaste ls` lists the recipes" if option == "NAME" else f"add {option}"
        raise ConfigError(f"{option} is missing", where="the command line", allowed=usage, mend=mend)
    return value


def _refuse_settings(overrides: list[str] | None, preset: str | None, config: Path | None) -> None:
    from foretaste.core.errors import ConfigError

    given = [*(overrides or []), *(["--preset"] if preset else []), *(["--config"] if config else [])]
    if given:
        raise ConfigError(
            f"a run that goes on keeps its settings, but {', '.join(given)} came",
            allowed="foretaste train --resume RUN [--data DIR]",
            mend="leave them out, or train a new run with --out",
        )


def _facts(found: RunResult) -> dict[str, Any]:
    return {
        "run": str(found.folder),
        "recipe": found.recipe,
        "protocol": found.test["protocol"],
        "metrics": found.test["metrics"],
        "groups": found.test["groups"],
        "valid": found.valid["metrics"],
        "seconds": found.seconds,
        "finished_before": found.finished_before,
    }


def _show(found: RunResult) -> None:
    from foretaste.cli.render import show_metrics

    show_metrics({"test": found.test, "valid": found.valid})
    print(f"run: {found.folder}")
