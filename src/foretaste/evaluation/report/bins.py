"""The metric in bins of item popularity and of history length, for all entries side by side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from foretaste.evaluation.compare import Comparison
from foretaste.evaluation.entries import Entry
from foretaste.evaluation.report.figures import METRIC
from foretaste.evaluation.report.theme import SURFACE, as_svg, canvas, look, plain_shares

Side = tuple[tuple[str, ...], str, str]
"""Where the groups stand in the report, the panel's title, and what is counted."""

OWN: tuple[Side, ...] = (
    (("items", "bins", "equal-mass"), "NDCG@10 by popularity of the target", "training interactions of the target"),
    (("users", "bins", "length"), "NDCG@10 by length of the history", "items in the user's history"),
)

PAPERS: tuple[Side, ...] = (
    (("items", "bins", "llmemb"), "NDCG@10 in LLMEmb's bins", "training interactions of the target"),
    (("items", "bins", "llm-esr"), "NDCG@10 in LLM-ESR's bins", "training interactions of the target"),
)

PAD: tuple[Side, ...] = (
    (
        ("items", "bins", "frequency"),
        "NDCG@10 from the hottest to the coldest tenth",
        "tenth of the training interactions that the target's item belongs to",
    ),
)


def by_bins(comparison: Comparison) -> str | None:
    """The metric in bins of equal mass of item popularity, and of history length."""
    return _panels(comparison, OWN, "bins", "NDCG@10 in bins of item popularity and of history length")


def by_papers_bins(comparison: Comparison) -> str | None:
    """The metric in the popularity bins of the papers on the long tail."""
    return _panels(comparison, PAPERS, "paper-bins", "NDCG@10 in the popularity bins of LLMEmb and LLM-ESR")


def by_frequency(comparison: Comparison) -> str | None:
    """The metric in PAD's ten bins of equal mass."""
    return _panels(comparison, PAD, "frequency-bins", "NDCG@10 in ten bins of equal mass, from hot to cold items")


def _panels(comparison: Comparison, sides: tuple[Side, ...], name: str, about: str) -> str | None:
    if not any(_groups(entry, path) for path, _, _ in sides for entry in comparison.entries):
        return None
    with canvas(len(sides), height=3.6) as (figure, panels):
        for panel, (path, title, unit) in zip(panels, sides, strict=True):
            _draw(panel, comparison, path)
            panel.set_title(title)
            panel.set_xlabel(f"{unit}; below, targets in the bin")
            plain_shares(panel.yaxis)
            panel.set_ylim(bottom=0)
        return as_svg(figure, name, about)


def _draw(panel: Any, comparison: Comparison, path: tuple[str, ...]) -> None:
    """One line for each entry, with the spread over its seeds; bins without targets are left out."""
    sizes = next((found for entry in comparison.entries if (found := _groups(entry, path))), {})
    bins = [name for name, group in sizes.items() if group["targets"]]
    shift = np.linspace(-0.12, 0.12, max(len(comparison.entries), 2))
    for place, entry in enumerate(comparison.entries):
        spreads = [entry.spread("groups", *path, name, METRIC) for name in bins]
        mean, std = ([spread[part] if spread else math.nan for spread in spreads] for part in (0, 1))
        x = np.arange(len(bins)) + shift[place]
        panel.errorbar(x, mean, np.nan_to_num(std), elinewidth=1, **look(place), mec=SURFACE, mew=0.8)
    panel.set_xticks(range(len(bins)), [f"{name}\n{sizes[name]['targets']:,}" for name in bins])


def _groups(entry: Entry, path: tuple[str, ...]) -> dict[str, Any]:
    found: Any = entry.runs[0].test.get("groups", {})
    for key in path:
        found = found.get(key, {})
    return dict(found)
