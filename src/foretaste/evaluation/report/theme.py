"""Plots that follow the page's colours: drawn with stand-ins, which become CSS variables in the SVG.

So one picture is right on a light page, on a dark one and on paper, and its letters are those of the page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from foretaste.core.extras import require

INK, MUTED, GRID, SURFACE = "#0a0a01", "#0a0a02", "#0a0a03", "#0a0a04"
"""Stand-ins of text, secondary text, grid lines and the page itself."""

SERIES = tuple(f"#0b0b0{place}" for place in range(8))
"""Stand-ins of the colours of the entries."""

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "h")
"""Marks of the entries: shape tells them apart where colour does not."""

DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))
"""Lines of the first eight entries, the next eight, and the rest."""

_VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", SURFACE: "--surface"} | {
    colour: f"--s{place}" for place, colour in enumerate(SERIES)
}

_RC: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.color": MUTED,
    "ytick.major.size": 0,
}


def colour(place: int) -> str:
    """Stand-in colour of the entry at that place."""
    return SERIES[place % len(SERIES)]


def look(place: int) -> dict[str, Any]:
    """Colour, mark and line of the entry at that place."""
    return {
        "color": colour(place),
        "marker": MARKERS[place % len(MARKERS)],
        "linestyle": DASHES[min(place // len(SERIES), len(DASHES) - 1)],
    }


@contextmanager
def canvas(columns: int, *, height: float, width: float = 10.4, **options: Any) -> Iterator[tuple[Any, list[Any]]]:
    """A figure with panels side by side, closed when the block ends.

    Args:
        columns: How many panels.
        height: In inches of 72 points.
        width: In inches.
        options: Passed to ``plt.subplots``.
    """
    matplotlib = require("matplotlib", extra="report", why="drawing the report")
    figures = require("matplotlib.figure", extra="report", why="drawing the report")
    with matplotlib.rc_context(_RC):
        # A figure made by hand knows no window system and is not kept by pyplot.
        figure = figures.Figure(figsize=(width, height), dpi=72)
        yield figure, list(figure.subplots(1, columns, squeeze=False, **options)[0])


def plain_shares(axis: Any) -> None:
    """Ticks written like the tables: ``.04``."""
    axis.set_major_formatter(lambda value, _: f"{value:.10g}".replace("0.", ".", 1) if 0 < value < 1 else f"{value:g}")


def as_svg(figure: Any, name: str, about: str) -> str:
    """The figure as an inline SVG in the page's colours and letters.

    Args:
        figure: Drawn with the stand-ins above.
        name: Makes its inner ids unlike those of other figures.
        about: Read out in its place; plain text.
    """
    matplotlib = require("matplotlib", extra="report", why="drawing the report")
    stream = io.StringIO()
    with matplotlib.rc_context(_RC | {"svg.hashsalt": name}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'id="((?:figure|axes|patch|line2d|text|xtick|ytick|matplotlib\.axis|legend)[^"]*)"', "", text)
    text = re.sub(r"font: ((?:[a-z0-9]+ )*)([\d.]+)px [^;\"]+", r"font: \1\2px var(--sans)", text)
    for stand_in, variable in _VARIABLES.items():
        text = text.replace(stand_in, f"var({variable})")
    head = re.match(r"<svg[^>]*>", text)
    assert head is not None
    box = re.search(r'viewBox="[^"]+"', head[0])
    opened = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {box[0] if box else ""}'
    )
    return f'{opened} role="img" aria-label="{_attribute(about)}">{text[head.end() :]}'


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
