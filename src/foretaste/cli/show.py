"""``foretaste show``: every key of a recipe."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from foretaste.cli.output import JsonFlag, emit
from foretaste.cli.render import stdout

Name = Annotated[str, typer.Argument(help="The recipe; `foretaste ls` lists them.", show_default=False)]
PresetName = Annotated[str | None, typer.Option("--preset", help="Show this preset's values.", show_default=False)]


def show(recipe: Name, preset: PresetName = None, json: JsonFlag = False) -> None:
    """List a recipe's keys, with help, defaults, the papers' values and the presets.

    Examples:

        foretaste show sasrec

        foretaste show sasrec --preset parity --json
    """
    from foretaste.recipes.listing import show_recipe

    found = show_recipe(recipe, preset)
    emit(found, json, lambda: _show(found, preset))


def _show(found: dict[str, Any], preset: str | None) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console = stdout()
    console.print(Text(f"{found['recipe']}: {found['summary']}\n{found['source']}"))
    console.print(Text(f"values of the preset {preset}\n" if preset else ""))
    for row in found["keys"]:
        takes = " | ".join(row["choices"]) or row["type"]
        line = Text(row["key"], style="bold").append(f" = {_value(row['default'])}", style="not bold cyan")
        console.print(line.append(f"   {takes}", style="not bold dim"))
        paper = f" Paper: {row['paper']}." if row["paper"] else ""
        console.print(Padding(Text(row["help"] + paper), (0, 0, 0, 4)))
    for one in found["presets"]:
        console.print(Text(f"\n--preset {one['preset']}: {one['summary']}"))


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value) or '""'
