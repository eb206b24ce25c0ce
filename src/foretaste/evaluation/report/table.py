"""The comparison in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from foretaste.evaluation.compare import TESTED, Comparison
from foretaste.evaluation.report.cells import (
    best_entry,
    difference_text,
    number,
    present_columns,
    protocol_facts,
    seeds_text,
)


def results_table(comparison: Comparison) -> Table:
    """One row for each entry; the best value of a column is bold."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("recipe", no_wrap=True)
    table.add_column("runs", style="dim")
    columns = present_columns(comparison)
    for column in columns:
        table.add_column(column.title, justify="right", no_wrap=True)
    several = len(comparison.entries) > 1
    if several:
        table.add_column(f"{TESTED[0].upper()} against the first", justify="right", no_wrap=True)
    winners = [best_entry(comparison, column) for column in columns]
    for entry in comparison.entries:
        cells = [
            f"[bold]{text}[/bold]" if winner == entry.label else text
            for column, winner in zip(columns, winners, strict=True)
            for text in (number(column.read(entry), column.digits),)
        ]
        last = [difference_text(comparison.difference(entry.label, TESTED[0]))] if several else []
        table.add_row(escape(entry.label), seeds_text(entry), *cells, *last)
    return table


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Prints the table, the protocol under it, and what a careful reader should know."""
    out = console or Console()
    out.print(results_table(comparison))
    out.print()
    facts = " · ".join(f"{name} {value}" for name, value in protocol_facts(comparison))
    out.print(f"[dim]protocol[/dim]  {escape(facts)}", soft_wrap=True)
    if len(comparison.entries) > 1:
        out.print("[dim]p-values: paired bootstrap over users, corrected after Holm[/dim]")
    for warning in comparison.warnings:
        out.print(f"[yellow]warning[/yellow]   {escape(warning)}", soft_wrap=True)
