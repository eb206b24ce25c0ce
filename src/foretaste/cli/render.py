"""Metrics for a reader: a table with the protocol beside it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 240
"""Columns of a table that goes to a file or another program, where nothing needs to be cut off."""


def stdout() -> Console:
    """Standard output for tables: as wide as the terminal, wider where there is none."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def show_metrics(reports: dict[str, dict[str, Any]]) -> None:
    """Prints metrics of one or several parts (``{"test": report, "valid": report}``) and how they were measured.

    Args:
        reports: Part → what `evaluate --json` prints.
    """
    from rich.table import Table
    from rich.text import Text

    console = stdout()
    table = Table("metric", *reports, box=None, pad_edge=False)
    columns = [report["metrics"] for report in reports.values()]
    for key in columns[0]:
        table.add_row(key, *(number(column.get(key)) for column in columns))
    console.print(table)
    first = next(iter(reports.values()))
    for kind, groups in first["groups"].items():
        for name, values in groups.items():
            line = f"{kind} {name}"
            if isinstance(values, dict):
                shown = "  ".join(f"{key} {number(value)}" for key, value in values.items() if key in GROUP_COLUMNS)
                console.print(Text(f"{line:<24}{shown}"))
    console.print(Text("protocol: " + protocol_line(first["protocol"]), style="dim"))


GROUP_COLUMNS = ("targets", "users", "hr@10", "ndcg@10")


def protocol_line(protocol: dict[str, Any]) -> str:
    """The protocol on one line: ``split leave-one-out, seen masked, …``."""
    return ", ".join(f"{key} {number(value)}" for key, value in protocol.items() if value is not None)


def number(value: Any) -> str:
    """A value as a table shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
