"""The plots of a report; each takes a comparison and gives an SVG, or None where no run has what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foretaste.evaluation.compare import Comparison
from foretaste.evaluation.entries import Entry
from foretaste.evaluation.report.theme import GRID, INK, MUTED, SURFACE, as_svg, canvas, colour, look, plain_shares
from foretaste.evaluation.significance import bootstrap_means

METRIC = "ndcg@10"
"""The metric of plots that show one."""


def overview(comparison: Comparison) -> str:
    """NDCG@10 and HR@10 of every entry with 95 % intervals over users."""
    names = [entry.label for entry in comparison.entries]
    height = 0.9 + 0.32 * len(names)
    with canvas(2, height=height, sharey=True) as (figure, panels):
        for panel, metric in zip(panels, (METRIC, "hr@10"), strict=True):
            for place, entry in enumerate(comparison.entries):
                values = entry.values(metric)["value"].to_numpy()
                low, high = np.quantile(bootstrap_means(values, samples=2000), [0.025, 0.975])
                mean = values.mean()
                panel.plot([low, high], [place, place], color=colour(place), lw=2.4, solid_capstyle="round", alpha=0.55)
                panel.plot([mean], [place], **look(place) | {"linestyle": "none"})
                panel.annotate(
                    f"{mean:.4f}".removeprefix("0"), (high, place), (7, 0), textcoords="offset points", va="center"
                )
            panel.set_title(metric.upper())
            panel.grid(axis="y", visible=False)
            panel.grid(axis="x", visible=True)
            plain_shares(panel.xaxis)
            panel.set_xlim(left=0)
            panel.margins(x=0.12, y=0)
            panel.set_ylim(len(names) - 0.4, -0.6)
        panels[0].set_yticks(range(len(names)), names)
        panels[0].tick_params(axis="y", labelcolor=INK)
        return as_svg(figure, "overview", "NDCG@10 and HR@10 of every entry with 95 % intervals over users")


def curves(comparison: Comparison) -> str | None:
    """Validation metric by epoch and by training time, and the loss relative to the first epoch."""
    logs = [
        (place, log)
        for place, entry in enumerate(comparison.entries)
        for run in entry.runs
        for log in run.curves.values()
        if len(log) > 1
    ]
    if not logs:
        return None
    with canvas(3, height=3.3) as (figure, panels):
        for place, log in logs:
            style = {"color": colour(place), "linestyle": look(place)["linestyle"], "alpha": 0.85}
            measured = [line for line in log if METRIC in line.get("valid", {})]
            value = [line["valid"][METRIC] for line in measured]
            epochs = [line["epoch"] for line in measured]
            clock = dict(zip((line["epoch"] for line in log), _elapsed(log), strict=True))
            for panel, x in ((panels[0], epochs), (panels[1], [clock[epoch] for epoch in epochs])):
                panel.plot(x, value, **style)
                if value:
                    top = int(np.argmax(value))
                    panel.plot([x[top]], [value[top]], **look(place) | {"linestyle": "none"}, ms=7, mec=SURFACE, mew=1)
            losses = [line for line in log if line.get("loss")]
            if losses and losses[0]["loss"] > 0:
                relative = [line["loss"] / losses[0]["loss"] for line in losses]
                panels[2].plot([line["epoch"] for line in losses], relative, **style)
        titles = ("Validation NDCG@10 by epoch", "… by training time", "Loss, first epoch = 1")
        for panel, title, unit in zip(panels, titles, ("epoch", "seconds", "epoch"), strict=True):
            panel.set_title(title)
            panel.set_xlabel(unit)
            panel.set_xlim(left=0)
        for panel in panels[:2]:
            plain_shares(panel.yaxis)
            panel.set_ylim(bottom=0)
        return as_svg(figure, "curves", "Validation NDCG@10 and training loss over epochs and time")


def _elapsed(log: Sequence[dict[str, Any]]) -> list[float]:
    """Training seconds up to the end of each epoch."""
    total: list[float] = np.cumsum([line.get("train_seconds", 0.0) for line in log]).tolist()
    return total


def head_and_tail(comparison: Comparison) -> str | None:
    """Bars of the metric for head and tail, of items and of users."""
    groups = [("items", "head"), ("items", "tail"), ("users", "head"), ("users", "tail")]
    if not any(entry.spread("groups", *group, METRIC) for group in groups for entry in comparison.entries):
        return None
    count = len(comparison.entries)
    with canvas(2, height=1.1 + 0.2 * count + 0.1 * count, sharey=True) as (figure, panels):
        for panel, side in zip(panels, ("items", "users"), strict=True):
            for place, entry in enumerate(comparison.entries):
                for row, (name, alpha) in enumerate((("head", 1.0), ("tail", 0.45))):
                    spread = entry.spread("groups", side, name, METRIC)
                    if spread is None:
                        continue
                    y = place + (row - 0.5) * 0.36
                    panel.barh(y, spread[0], height=0.32, color=colour(place), alpha=alpha, linewidth=0)
                    panel.annotate(
                        f"{name}  {spread[0]:.4f}".replace("  0.", "  ."),
                        (spread[0], y),
                        (5, 0),
                        textcoords="offset points",
                        va="center",
                        fontsize=7.5,
                        color=MUTED,
                    )
            panel.set_title(f"NDCG@10, head and tail {side}")
            panel.grid(axis="y", visible=False)
            panel.grid(axis="x", visible=True)
            plain_shares(panel.xaxis)
            panel.margins(x=0.22)
            panel.set_ylim(count - 0.5, -0.5)
        panels[0].set_yticks(range(count), [entry.label for entry in comparison.entries])
        panels[0].tick_params(axis="y", labelcolor=INK)
        return as_svg(figure, "head-tail", "NDCG@10 of head and tail items, head and tail users")


def exposure(comparison: Comparison) -> str | None:
    """How popular the recommended items are, beside what users took and what the catalogue holds."""
    shown = [(place, found) for place, e in enumerate(comparison.entries) if (found := _exposure(e))]
    if not shown:
        return None
    bins = shown[0][1]["bins"]
    x = np.arange(len(bins))
    with canvas(1, height=3.4) as (figure, (panel,)):
        panel.bar(x, shown[0][1]["targets"], width=0.86, color=GRID, linewidth=0)
        panel.plot(x, shown[0][1]["items"], color=MUTED, lw=1, linestyle=(0, (2, 2)))
        for place, found in shown:
            if found["bins"] == bins:
                panel.plot(x, found["recommended"], **look(place), mec=SURFACE, mew=0.8)
        panel.set_xticks(x, bins)
        panel.set_xlabel("training interactions of the recommended item")
        panel.set_title("Share of the top-10 lists by popularity of the item")
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}".replace("%", " %"))
        panel.set_ylim(bottom=0)
        return as_svg(figure, "exposure", "Share of recommended items by their popularity in training")


def _exposure(entry: Entry) -> dict[str, Any] | None:
    found = entry.runs[0].test.get("beyond", {}).get("exposure")
    return found if isinstance(found, dict) else None
