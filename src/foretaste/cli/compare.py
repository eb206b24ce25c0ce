"""``foretaste compare``: runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretaste.cli.output import JsonFlag, emit
from foretaste.cli.render import stdout

Runs = Annotated[
    list[Path], typer.Argument(help="Folders of finished runs; the first is what others are tested against.")
]
Html = Annotated[
    Path | None, typer.Option("--html", help="Write a page with table and plots to this file.", show_default=False)
]


def compare(runs: Runs, html: Html = None, json: JsonFlag = False) -> None:
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

        say(f"report: {write_report(found, html)}")
    emit(found.as_json(), json, lambda: print_comparison(found, stdout()))
