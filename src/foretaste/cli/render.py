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
    first = next(iter(reports.values()))
    hidden = () if "answers" in first["protocol"] else ALIASES
    for key in columns[0]:
        if key.partition("@")[0] not in hidden:
            table.add_row(key, *(number(column.get(key)) for column in columns))
    console.print(table)
    for line in group_lines(first["groups"]):
        console.print(Text(line))
    if beyond := first.get("beyond"):
        told = "  ".join(f"{key} {number(value)}" for key, value in beyond.items() if isinstance(value, int | float))
        console.print(Text(f"lists {told}"))
    console.print(Text("protocol: " + protocol_line(first["protocol"]), style="dim"))


ALIASES = ("recall", "map", "precision")
"""With one target for each user these repeat the hit rate and the reciprocal rank; JSON has them all."""

QUIET = ("data_fingerprint",)


def group_lines(groups: dict[str, Any]) -> list[str]:
    """Head, tail, cold and warm on a line each, with the metrics at one cut-off."""
    lines = []
    for kind, named in groups.items():
        for name, values in named.items():
            if name != "bins" and values["targets"]:
                keys = [key for key in values if key.startswith(("hr@", "ndcg@"))]
                chosen = [key for key in keys if key.endswith("@10")] or keys[:2]
                told = "  ".join(f"{key} {number(values[key])}" for key in chosen)
                lines.append(f"{kind:<6}{name:<7}{values['targets']:>8,} targets  {told}")
    return lines


def protocol_line(protocol: dict[str, Any]) -> str:
    """The protocol on one line: ``split leave-one-out, seen masked, …``."""
    return ", ".join(f"{key} {number(value)}" for key, value in protocol.items() if key not in QUIET)


def number(value: Any) -> str:
    """A value as a table shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
