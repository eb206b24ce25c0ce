"""``foretaste text export``: the item vectors of a run as a plain table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretaste.cli.output import JsonFlag, emit

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)]
Out = Annotated[Path, typer.Option(help="File to write: .npy, .safetensors or .parquet.", show_default=False)]


def text_export(folder: RunFolder, out: Out, json: JsonFlag = False) -> None:
    """Write the item vectors of a run as one table with ids, everything item-sided folded in, for other toolkits.

    Examples:

        foretaste text export runs/llmemb --out items.parquet

        foretaste text export runs/llmemb --out items.npy
    """
    from foretaste.recipes.exporting import export_run

    table, files = export_run(folder, out)
    rows, width = table.vectors.shape
    facts = {"run": str(folder), "items": rows, "dim": width, "files": [str(file) for file in files]}
    emit(facts, json, lambda: print(f"{rows:,} items, {width} columns: {', '.join(map(str, files))}"))
