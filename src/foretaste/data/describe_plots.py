"""The long tail in pictures: one HTML page with inline SVG, which needs no network and no second file."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.core.extras import require
from foretaste.core.files import write_atomic
from foretaste.data.dataset import Dataset
from foretaste.data.describe_rows import summary_rows, text_rows
from foretaste.data.description import Description

POINTS = 400
"""Curves are thinned to so many points, so that a page stays small."""

INK, SOFT = "#1f4e79", "#c8d6e5"


def write_plots(dataset: Dataset, description: Description, out: str | Path) -> None:
    """Writes a page with the figures of the description and four plots.

    Args:
        dataset: What to draw.
        description: What :func:`foretaste.data.describe.describe` found in it.
        out: The HTML file.

    Raises:
        MissingExtra: If matplotlib is not installed.
    """
    popularity = dataset.sequences.counts(dataset.num_items)
    drawings: list[tuple[str, Callable[[Any], None]]] = [
        ("Popularity by rank", lambda axes: _rank_frequency(axes, popularity)),
        ("Lorenz curve of popularity", lambda axes: _lorenz(axes, popularity, description.tail.gini)),
        ("History length", lambda axes: _lengths(axes, dataset.sequences.lengths)),
        ("Interactions over time", lambda axes: _over_time(axes, dataset)),
    ]
    pictures = [f"<figure><figcaption>{title}</figcaption>{_svg(draw)}</figure>" for title, draw in drawings]
    page = _page(description, pictures)
    write_atomic(Path(out), lambda part: part.write_text(page, encoding="utf-8"))


def _svg(draw: Callable[[Any], None]) -> str:
    """One drawing as SVG text, without the file header and the day it was made."""
    matplotlib = require("matplotlib", extra="report", why="drawing the plots of a data set")
    figures = require("matplotlib.figure", extra="report", why="drawing the plots of a data set")
    with matplotlib.rc_context({"svg.hashsalt": "foretaste", "font.size": 9, "svg.fonttype": "none"}):
        figure = figures.Figure(figsize=(5.2, 3.4), layout="constrained")
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def _rank_frequency(axes: Any, popularity: NDArray[np.int64]) -> None:
    falling = np.sort(popularity[popularity > 0])[::-1]
    ranks = _thin(len(falling), logarithmic=True)
    axes.loglog(ranks + 1, falling[ranks], ".", color=INK, markersize=3)
    axes.set(xlabel="rank of the item", ylabel="interactions")
    axes.grid(alpha=0.25)


def _lorenz(axes: Any, popularity: NDArray[np.int64], coefficient: float) -> None:
    rising = np.sort(popularity[popularity > 0])
    mass = np.concatenate([[0], np.cumsum(rising)]) / max(rising.sum(), 1)
    chosen = _thin(len(mass))
    share = np.linspace(0, 1, len(mass))[chosen]
    axes.plot(share, mass[chosen], color=INK)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle=":")
    axes.fill_between(share, mass[chosen], share, color=SOFT, alpha=0.6)
    axes.axvline(0.8, color="grey", linewidth=0.8, linestyle="--")
    axes.text(0.04, 0.9, f"Gini {coefficient:.3f}\ndashed: tail | head", transform=axes.transAxes, va="top")
    axes.set(xlabel="share of the items, least popular first", ylabel="share of the interactions")


def _lengths(axes: Any, lengths: NDArray[np.int64]) -> None:
    top = max(int(np.quantile(lengths, 0.99)) if len(lengths) else 1, 2)
    edges = np.unique(np.linspace(0.5, top + 0.5, min(top, 60) + 1).round() + 0.5)
    axes.hist(np.minimum(lengths, top), bins=edges, color=INK)
    beyond = int((lengths > top).sum())
    last = f" (longer ones: {beyond:,}, in the last bar)" if beyond else ""
    axes.set(xlabel=f"interactions of a user{last}", ylabel="users")


def _over_time(axes: Any, dataset: Dataset) -> None:
    rows = dataset.sequences
    if not dataset.real_times or rows.times is None:
        axes.text(0.5, 0.5, "timestamps are only an order", ha="center", va="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    counts, edges = np.histogram(rows.times[rows.places()], bins=60)
    axes.stairs(counts, edges, fill=True, color=INK)
    ticks = np.linspace(edges[0], edges[-1], 5)
    axes.set_xticks(ticks, [_day(tick) for tick in ticks])
    axes.set(ylabel="interactions")


def _day(moment: float) -> str:
    try:
        return datetime.fromtimestamp(moment, tz=UTC).strftime("%Y-%m-%d")
    except (OverflowError, ValueError, OSError):
        return f"{moment:.0f}"


def _thin(count: int, *, logarithmic: bool = False) -> NDArray[np.int64]:
    """At most ``POINTS`` places of ``count``, evenly spread, ends included."""
    if count <= POINTS:
        return np.arange(count)
    spread = np.geomspace(1, count, POINTS) - 1 if logarithmic else np.linspace(0, count - 1, POINTS)
    return np.unique(spread.round().astype(np.int64))


def _page(description: Description, pictures: list[str]) -> str:
    title = html.escape(f"{description.name}: the data set")
    tables = [_table(("", "value"), summary_rows(description))]
    if description.text:
        tables.append(_table(("item column", "missing", "distinct", "mean words"), text_rows(description)))
    body = "\n".join([f"<h1>{title}</h1>", *tables, "<div>", *pictures, "</div>"])
    head = f'<head><meta charset="utf-8"><title>{title}</title>{STYLE}</head>'
    return f'<!doctype html>\n<html lang="en">{head}\n<body>{body}</body></html>\n'


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table><tr>{cells}</tr>\n" + "\n".join(lines) + "</table>"


STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 2rem 1rem 0; display: inline-table; vertical-align: top; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #ddd; }
figure { display: inline-block; margin: 1rem 1rem 0 0; }
figcaption { font-weight: 600; }
svg { max-width: 100%; height: auto; }
</style>"""
