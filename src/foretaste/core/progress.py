"""Progress with an estimate of the time left, on standard error, silent where nobody watches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

T = TypeVar("T")

console = Console(stderr=True, highlight=False)
"""Where everything that is not a result is written."""


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """A live display of progress bars; each task may set the field ``note``."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("eta"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
        disable=bool(os.environ.get("FORETASTE_QUIET")) or not console.is_terminal,
    )
    with bars:
        yield bars


def track(items: Iterable[T], total: int, description: str) -> Iterator[T]:
    """Yields ``items`` while a progress bar follows them."""
    with progress_bars() as bars:
        task = bars.add_task(description, total=total, note="")
        for item in items:
            yield item
            bars.advance(task)


def say(message: str) -> None:
    """Prints a message for the user on standard error, as it stands: brackets in ids and paths are no markup."""
    if not os.environ.get("FORETASTE_QUIET"):
        console.print(message, markup=False, soft_wrap=True)
