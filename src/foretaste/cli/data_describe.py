"""``foretaste data describe``: statistics and plots of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretaste.cli.output import JsonFlag, emit

if TYPE_CHECKING:
    from foretaste.data.description import Description


def data_describe(
    folder: Annotated[Path, typer.Argument(help="Data folder in the tidy form.", show_default=False)],
    plots: Annotated[Path | None, typer.Option(help="Also write an HTML page with plots.", show_default=False)] = None,
    json: JsonFlag = False,
) -> None:
    """Tells what a data set looks like: sizes, the long tail, repeats, ties, cold items, time and text.

    Examples:

        foretaste data describe data/shop

        foretaste data describe data/shop --plots shop.html

        foretaste data describe data/shop --json
    """
    from foretaste.core.progress import say
    from foretaste.data.dataset import Dataset
    from foretaste.data.describe import describe

    dataset = Dataset.load(folder)
    found = describe(dataset)
    if plots is not None:
        from foretaste.data.describe_plots import write_plots

        write_plots(dataset, found, plots)
        say(f"plots: {plots}")
    emit(found.as_dict(), json, lambda: _show(found))


def _show(found: Description) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from foretaste.data.describe_rows import summary_rows, text_rows

    console = Console(highlight=False)
    summary = Table(title=escape(found.name), title_justify="left", box=None, show_header=False, pad_edge=False)
    summary.add_column(style="bold", no_wrap=True)
    summary.add_column()
    for row in summary_rows(found):
        summary.add_row(*(escape(cell) for cell in row))
    console.print(summary)
    if found.text:
        columns = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        columns.add_column("item column")
        for head in ("missing", "distinct", "mean words"):
            columns.add_column(head, justify="right")
        for row in text_rows(found):
            columns.add_row(*(escape(cell) for cell in row))
        console.print()
        console.print(columns)
