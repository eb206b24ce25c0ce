"""The long-tail table: means over seeds, and every method against its plain backbone over the same users."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import mean, stdev

import numpy as np

from foretaste.evaluation.significance import compare_paired, holm
from longtail.kept import Kept, kept
from longtail.plan import ABLATED, ABLATIONS, DATA, ROWS, Cell

GROUPS = (("items", "tail"), ("items", "head"), ("users", "tail"), ("users", "head"))


def rows(data: str, backbone: str, seeds: tuple[int, ...], methods: Iterable[str] = ROWS) -> dict[str, list[Kept]]:
    """Finished runs of each method, by seed."""
    found = {m: [kept(Cell(data, backbone, m, s).name) for s in seeds] for m in methods}
    return {m: [r for r in runs if r] for m, runs in found.items() if any(runs)}


def block(found: dict[str, list[Kept]], title: str, base: str) -> list[str]:
    """Lines of some methods, each against ``base``."""
    if not found:
        return []
    columns = " ".join(f"{kind[:-1] + ':' + name:>10}" for kind, name in GROUPS)
    lines = ["", title]
    lines.append(
        f"  {'method':26} {'HR@10':>7} {'NDCG@10':>8} {'±':>6} {columns} {'vs ' + base.split('-')[-1]:>10} {'p':>8} "
        f"{'p tail':>8} {'seconds':>8} seeds"
    )
    whole, tail = _tests(found, base, tail=False), _tests(found, base, tail=True)
    return lines + [_line(method, runs, whole.get(method), tail.get(method)) for method, runs in found.items()]


def _tests(found: dict[str, list[Kept]], base: str, *, tail: bool) -> dict[str, tuple[float, float]]:
    """Method → relative gain in NDCG@10 over the base, and Holm-corrected p of the paired t-test.

    Users are paired, values are means over seeds; ``tail`` asks whether tail items alone make a difference.
    """
    if base not in found:
        return {}
    values = {m: np.mean([run.ndcg(tail=tail) for run in runs], axis=0) for m, runs in found.items()}
    paired = {m: compare_paired(values[base], of, samples=1000) for m, of in values.items() if m != base}
    corrected = holm([p.p_t for p in paired.values()])
    mean_of = values[base].mean()
    return {m: (p.difference / mean_of, h) for (m, p), h in zip(paired.items(), corrected, strict=True)}


def _line(method: str, runs: list[Kept], whole: tuple[float, float] | None, tail: tuple[float, float] | None) -> str:
    scores = [run.metric("metrics", "ndcg@10") for run in runs]
    groups = " ".join(f"{mean(r.metric('groups', *key, 'ndcg@10') for r in runs):10.4f}" for key in GROUPS)
    gain = f"{whole[0]:+10.1%} {whole[1]:8.1e}" if whole else f"{'':10} {'':8}"
    gain += f" {tail[1]:8.1e}" if tail else f" {'':8}"
    return (
        f"  {method:26} {mean(r.metric('metrics', 'hr@10') for r in runs):7.4f} {mean(scores):8.4f} "
        f"{stdev(scores) if len(scores) > 1 else 0.0:6.4f} {groups} {gain} "
        f"{mean(r.seconds for r in runs):8.1f} {len(runs):5}"
    )


def table() -> list[str]:
    """Everything that is finished."""
    lines: list[str] = []
    for data, (backbones, seeds) in DATA.items():
        for backbone in backbones:
            lines += block(rows(data, backbone, seeds), f"{data}, {backbone}", "plain")
    data, backbone, seeds = ABLATED
    for method, variants in ABLATIONS.items():
        names = (f"{method}-network", *(f"{method}:{variant}" for variant in variants))
        title = f"Ablation of {method} without serving terms: {data}, {backbone}"
        lines += block(rows(data, backbone, seeds, names), title, f"{method}-network")
    return lines
