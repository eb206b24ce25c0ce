"""The long-tail table: means over seeds, and every method against its plain backbone over the same users."""

from __future__ import annotations

from statistics import mean, stdev

import numpy as np

from foretaste.evaluation.significance import compare_paired, holm
from longtail.kept import Kept, kept
from longtail.plan import DATA, ROWS, Cell

GROUPS = (("items", "tail"), ("items", "head"), ("users", "tail"), ("users", "head"))


def rows(data: str, backbone: str, seeds: tuple[int, ...]) -> dict[str, list[Kept]]:
    """Finished runs of each method, by seed."""
    found = {m: [kept(Cell(data, backbone, m, s).name) for s in seeds] for m in ROWS}
    return {m: [r for r in runs if r] for m, runs in found.items() if any(runs)}


def block(data: str, backbone: str, seeds: tuple[int, ...]) -> list[str]:
    """One data set and backbone."""
    found = rows(data, backbone, seeds)
    if not found:
        return []
    columns = " ".join(f"{kind[:-1] + ':' + name:>10}" for kind, name in GROUPS)
    lines = ["", f"{data}, {backbone}"]
    lines.append(
        f"  {'method':14} {'HR@10':>7} {'NDCG@10':>8} {'±':>6} {columns} {'vs plain':>9} {'p':>8} {'seconds':>8} seeds"
    )
    tests = _tests(found)
    return lines + [_line(method, runs, tests.get(method)) for method, runs in found.items()]


def _tests(found: dict[str, list[Kept]]) -> dict[str, tuple[float, float]]:
    """Method → relative gain in NDCG@10 over the plain backbone, and Holm-corrected p of the paired t-test."""
    if "plain" not in found:
        return {}
    base = np.mean([run.ndcg() for run in found["plain"]], axis=0)
    others = {m: np.mean([run.ndcg() for run in runs], axis=0) for m, runs in found.items() if m != "plain"}
    paired = {m: compare_paired(base, values, samples=1000) for m, values in others.items()}
    corrected = holm([p.p_t for p in paired.values()])
    return {m: (p.difference / base.mean(), h) for (m, p), h in zip(paired.items(), corrected, strict=True)}


def _line(method: str, runs: list[Kept], test: tuple[float, float] | None) -> str:
    scores = [run.metric("metrics", "ndcg@10") for run in runs]
    groups = " ".join(f"{mean(r.metric('groups', *key, 'ndcg@10') for r in runs):10.4f}" for key in GROUPS)
    gain = f"{test[0]:+9.1%} {test[1]:8.1e}" if test else f"{'':9} {'':8}"
    return (
        f"  {method:14} {mean(r.metric('metrics', 'hr@10') for r in runs):7.4f} {mean(scores):8.4f} "
        f"{stdev(scores) if len(scores) > 1 else 0.0:6.4f} {groups} {gain} "
        f"{mean(r.seconds for r in runs):8.1f} {len(runs):5}"
    )


def table() -> list[str]:
    """Everything that is finished."""
    return [line for data, (backbones, seeds) in DATA.items() for b in backbones for line in block(data, b, seeds)]
