"""``foretaste compare``: runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretaste.cli.output import JsonFlag, emit
from foretaste.cli.render import stdout

if TYPE_CHECKING:
    from foretaste.evaluation.compare import Comparison
    from foretaste.evaluation.embedding_map import EmbeddingMap

Runs = Annotated[
    list[Path], typer.Argument(help="Folders of finished runs; the first is what others are tested against.")
]
Html = Annotated[
    Path | None, typer.Option("--html", help="Write a page with table and plots to this file.", show_default=False)
]
Map = Annotated[
    bool, typer.Option("--map/--no-map", help="Whether the page shows maps of the item vectors (some seconds a model).")
]


def compare(runs: Runs, html: Html = None, map: Map = True, json: JsonFlag = False) -> None:
    """Put runs side by side: one table, the protocol beside it, and what is more than luck.

    Runs that differ only in their seed are one line, with mean and spread.

    Examples:

        foretaste compare runs/popularity runs/sasrec --html report.html

        foretaste compare runs/itemknn runs/sasrec-0 runs/sasrec-1 runs/sasrec-2 --json
    """
    from foretaste.core.errors import ArtefactError
    from foretaste.core.paths import existing_folder
    from foretaste.core.progress import say
    from foretaste.evaluation.compare import compare as compare_runs
    from foretaste.evaluation.report.table import print_comparison

    found = compare_runs([existing_folder(run, "run", error=ArtefactError) for run in runs])
    if html is not None:
        from foretaste.evaluation.report.page import write_report

        say(f"report: {write_report(found, html, _maps(found) if map else ())}")
    emit(found.as_json(), json, lambda: print_comparison(found, stdout()))


def _maps(found: Comparison) -> Sequence[EmbeddingMap]:
    """Maps of the item vectors; without the library that draws them the page goes without, and says so."""
    from foretaste.core.extras import MissingExtra
    from foretaste.core.progress import say
    from foretaste.recipes.item_maps import item_maps

    try:
        return item_maps(found)
    except MissingExtra as error:
        say(f"no maps of item vectors: {error.what}; {error.mend}")
        return ()
