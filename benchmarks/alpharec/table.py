"""AlphaRec's tables: means over seeds, and every method against one of them over the same users."""

from __future__ import annotations

from statistics import mean, stdev

import numpy as np

from alpharec.kept import Kept
from alpharec.plan import Cell, linear_cells, main_cells, zero_shot_cells
from foretaste.evaluation.significance import compare_paired, holm

SHOWN = ("recall@20", "ndcg@20", "hr@20", "hr@10", "ndcg@10")
TESTED = "ndcg@20"


def tables() -> list[str]:
    """Everything that is finished."""
    parts = (
        ("", main_cells(shown=True), "lightgcn-infonce"),
        ("linear mapping, ", linear_cells(), "linear-minilm"),
        ("zero-shot, ", zero_shot_cells(), "zero-embknn"),
    )
    lines: list[str] = []
    for title, cells, base in parts:
        for data, split in dict.fromkeys((cell.data, cell.split) for cell in cells):
            block = [cell for cell in cells if (cell.data, cell.split) == (data, split)]
            if title.startswith("zero"):
                block += [
                    c for c in main_cells(shown=True) if (c.data, c.split) == (data, split) and c.method == "popularity"
                ]
            lines += _block(f"{title}{data}, {split}", block, base)
    return lines


def _block(title: str, cells: list[Cell], base: str) -> list[str]:
    found: dict[str, list[Kept]] = {}
    for cell in cells:
        run = cell.kept()
        if run is not None:
            found.setdefault(cell.row, []).append(run)
    if not found:
        return []
    tests = _tests(found, base)
    head = " ".join(f"{name:>10}" for name in SHOWN)
    lines = ["", title, f"  {'method':26} {head} {'±':>7} {'vs ' + base:>20} {'p':>8} {'seconds':>8} seeds"]
    for method, runs in found.items():
        numbers = " ".join(f"{mean(run.metric(name) for run in runs):10.4f}" for name in SHOWN)
        spread = stdev([run.metric(TESTED) for run in runs]) if len(runs) > 1 else 0.0
        gain = f"{tests[method][0]:+20.1%} {tests[method][1]:8.1e}" if method in tests else f"{'':20} {'':8}"
        seconds = mean(float(run.about["seconds"]["train"]) for run in runs)
        lines.append(f"  {method:26} {numbers} {spread:7.4f} {gain} {seconds:8.1f} {len(runs):5}")
    return lines


def _tests(found: dict[str, list[Kept]], base: str) -> dict[str, tuple[float, float]]:
    """Method → relative gain in NDCG@20 over the base, and p of the paired t-test over users, Holm-corrected."""
    if base not in found:
        return {}
    values = {method: np.mean([run.values(TESTED) for run in runs], axis=0) for method, runs in found.items()}
    paired = {m: compare_paired(values[base], of, samples=1000) for m, of in values.items() if m != base}
    corrected = holm([one.p_t for one in paired.values()])
    level = float(values[base].mean())
    return {m: (one.difference / level, p) for (m, one), p in zip(paired.items(), corrected, strict=True)}
