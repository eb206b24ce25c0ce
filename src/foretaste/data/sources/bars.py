"""The progress bar of bytes: how many, how fast, how long still."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from foretaste.core.progress import console
from foretaste.data.sources.transfer import Advance


@contextmanager
def byte_bar(description: str) -> Iterator[Advance]:
    """Shows a bar where somebody watches; yields what must be called with the bytes done and the bytes in all."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        DownloadColumn(binary_units=False),
        TransferSpeedColumn(),
        TextColumn("eta"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=bool(os.environ.get("FORETASTE_QUIET")) or not console.is_terminal,
    )
    with bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def size_text(count: float) -> str:
    """A number of bytes for a reader.

    >>> size_text(4_924_029)
    '4.9 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
