"""``foretaste doctor``: is everything there that is needed?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from foretaste.cli.output import JsonFlag, emit
from foretaste.cli.render import stdout

Data = Annotated[Path | None, typer.Option(help="A data folder to check.", show_default=False)]
Out = Annotated[Path, typer.Option(help="Where runs will be written; its free space is checked.")]


def doctor(data: Data = None, out: Out = Path("."), json: JsonFlag = False) -> None:
    """Check the installation, the machine and a data set.

    Examples:

        foretaste doctor

        foretaste doctor --data data/shop --json
    """
    from foretaste.recipes.doctor import checkup

    found = checkup(data, out)
    emit(found, json, lambda: _show(found))


def _show(found: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("foretaste", f"{found['foretaste']} on Python {found['python']}, {found['platform']}")
    table.add_row("libraries", _versions(found["libraries"]))
    for extra, libraries in found["extras"].items():
        table.add_row(f"extra {extra}", _versions(libraries))
    machine = found["machine"]
    kinds = [name for name, there in (("AMX", machine["amx"]), ("bf16", machine["bf16"])) if there]
    table.add_row("processor", f"{machine['cpus']} CPUs, {machine['instructions']} {' '.join(kinds)}".strip())
    table.add_row("torch", f"{machine['torch_threads']} threads, CUDA build: {machine['cuda_build'] or 'no'}")
    table.add_row("memory", f"{machine['memory_gb']} GB")
    table.add_row("GPUs", ", ".join(machine["gpus"]) or "none")
    table.add_row("disk", f"{found['disk']['free_gb']} GB free at {found['disk']['folder']}")
    if (data := found.get("data")) and "problem" not in data:
        counts = f"{data['users']:,} users, {data['items']:,} items, {data['interactions']:,} interactions"
        table.add_row("data", f"{data['name']}: {counts}")
    for note in found["notes"]:
        table.add_row("note", note)
    stdout().print(table)


def _versions(libraries: dict[str, str | None]) -> str:
    return "  ".join(f"{name} {version or '—'}" for name, version in libraries.items())
