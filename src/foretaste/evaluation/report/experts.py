"""Plots of models with several experts: what the gate weighs, and what alignment kept of the collaborative order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.evaluation.compare import Comparison
from foretaste.evaluation.entries import Entry
from foretaste.evaluation.report.theme import DASHES, MARKERS, SURFACE, as_svg, canvas, colour, look

SHOWN = 4
"""Entries whose gates are drawn at the most; more would not fit side by side."""

SPACES = (
    ("copy", "Free vectors: before and after the alignment"),
    ("aligned", "Aligned item vectors and the free ones before"),
)
"""Spaces whose order is compared with that of the free vectors before the alignment, and the panels' titles."""


def gates(comparison: Comparison) -> str | None:
    """Weights of the experts in each frequency bin, a panel for each entry that has a gate, means over seeds."""
    found = [(place, e) for place, e in enumerate(comparison.entries) if all("gates" in r.studies for r in e.runs)]
    if not found:
        return None
    found = found[:SHOWN]
    with canvas(len(found), height=3.3, sharey=True) as (figure, panels):
        for panel, (place, entry) in zip(panels, found, strict=True):
            names = entry.runs[0].studies["gates"]["experts"]
            shares = np.mean([run.studies["gates"]["shares"] for run in entry.runs], axis=0)
            for number, (name, row) in enumerate(zip(names, shares, strict=True)):
                x = np.arange(1, len(row) + 1)
                style = {"marker": MARKERS[number], "linestyle": DASHES[number % len(DASHES)]}
                panel.plot(x, row, color=colour(place), mec=SURFACE, mew=0.8, label=name, **style)
            panel.set_title(entry.label)
            panel.set_xlabel("frequency bin, from hot to cold")
            panel.set_ylim(bottom=0)
            panel.legend(frameon=False, fontsize=8)
        return as_svg(figure, "gates", "Weights of the experts by frequency bin")


def forgetting(comparison: Comparison) -> str | None:
    """Kendall's tau of distances before and after the alignment, by the frequency bin of the target."""
    found = [(p, e) for p, e in enumerate(comparison.entries) if all("forgetting" in r.studies for r in e.runs)]
    if not found:
        return None
    with canvas(len(SPACES), height=3.4, sharey=True) as (figure, panels):
        for panel, (space, title) in zip(panels, SPACES, strict=True):
            for place, entry in found:
                taus = _taus(entry, space)
                panel.plot(np.arange(1, len(taus) + 1), taus, **look(place), mec=SURFACE, mew=0.8)
            panel.set_title(title)
            panel.set_xlabel("frequency bin of the target, from hot to cold")
        panels[0].set_ylabel("Kendall's tau")
        return as_svg(figure, "forgetting", "Kendall's tau of distances before and after the alignment")


def _taus(entry: Entry, space: str) -> NDArray[np.float64]:
    """Means over seeds; NaN where a bin has none."""
    rows: list[Any] = [run.studies["forgetting"]["spaces"][space]["bins"] for run in entry.runs]
    values = np.array([[math.nan if tau is None else tau for tau in row] for row in rows], dtype=np.float64)
    means: NDArray[np.float64] = values.mean(axis=0)
    return means
