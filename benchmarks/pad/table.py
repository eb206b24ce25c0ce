"""PAD's table: accuracy, the ten frequency bins, the alignment study and the gates; means over seeds."""

from __future__ import annotations

from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from foretaste.evaluation.significance import compare_paired, holm
from longtail.kept import Kept, kept
from longtail.table import block
from longtail.table import rows as longtail_rows
from pad.plan import ALONE, DATA, KERNELS, PANTRY, SEEDS, Cell, shown

KEPT = Path(__file__).parents[1] / "results" / "pad"
BINS = [str(number) for number in range(1, 11)]


def studies(run: Path, test: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a run beside its metrics."""
    from foretaste.evaluation.runs import read_run

    return {"frequency": by_frequency(test), "studies": read_run(run).studies}


def by_frequency(test: dict[str, Any]) -> Any:
    """The part of a report that tells the frequency bins apart."""
    return test["groups"]["items"]["bins"]["frequency"]


def rows(data: str) -> dict[str, list[Kept]]:
    """Finished runs of each row, by seed."""
    found = {row: [kept(Cell(data, row, seed).name, KEPT) for seed in SEEDS] for row in shown(data)}
    return {row: [one for one in runs if one] for row, runs in found.items() if any(runs)}


def _accuracy(data: str) -> list[str]:
    found = rows(data)
    if not found:
        return []
    lines = ["", f"{data}: HR@10 and NDCG@10, then HR@10 in ten frequency bins from hot to cold"]
    head = " ".join(f"{name:>6}" for name in BINS)
    lines.append(f"  {'':22} {'HR@10':>7} {'NDCG@10':>8} {'±':>6} {'vs best':>8} {'p':>8} {head} {'seconds':>8} seeds")
    tests = _against_best_alone(found)
    for row, runs in found.items():
        scores = [run.metric("metrics", "ndcg@10") for run in runs]
        bins = " ".join(f"{_bin(runs, name):6.4f}" for name in BINS)
        gain = f"{tests[row][0]:+8.1%} {tests[row][1]:8.1e}" if row in tests else f"{'':8} {'':8}"
        spread = stdev(scores) if len(scores) > 1 else 0.0
        lines.append(
            f"  {row:22} {mean(r.metric('metrics', 'hr@10') for r in runs):7.4f} {mean(scores):8.4f} {spread:6.4f} "
            f"{gain} {bins} {mean(r.seconds for r in runs):8.1f} {len(runs):5}"
        )
    return lines


def _bin(runs: list[Kept], name: str, metric: str = "hr@10") -> float:
    return mean(run.about["frequency"][name][metric] or 0.0 for run in runs)


def _against_best_alone(found: dict[str, list[Kept]]) -> dict[str, tuple[float, float]]:
    """Gain in NDCG@10 over the better of the id and the text expert, and Holm-corrected p of the paired t-test.

    A row of the first seed alone is compared with that seed of the better expert.
    """
    alone = [row for row in ALONE if row in found]
    if not alone:
        return {}
    values = {row: [run.ndcg() for run in runs] for row, runs in found.items()}
    best = max(alone, key=lambda row: float(np.mean(values[row])))
    bases = {row: np.mean(values[best][: len(of)], axis=0) for row, of in values.items() if row not in ALONE}
    paired = {row: compare_paired(base, np.mean(values[row], axis=0), samples=1000) for row, base in bases.items()}
    corrected = holm([one.p_t for one in paired.values()])
    return {
        row: (one.difference / bases[row].mean(), p) for (row, one), p in zip(paired.items(), corrected, strict=True)
    }


def _beside(data: str) -> list[str]:
    """PAD in the common table of the long tail: the same protocol, so plain SASRec is what all are compared with."""
    names = ("plain", "plain-content", "llmesr-network", "llmesr", "llmemb-network", "llmemb")
    own = {row: runs for row, runs in rows(data).items() if row in ("pad-network", "pad")}
    found = longtail_rows(data, "sasrec", SEEDS, names)
    return block(found | own, f"{data}: beside the long tail's methods on SASRec", "plain") if own else []


def _required() -> list[str]:
    """What the comparison has to show, and whether it does."""
    found = rows(PANTRY)
    if not all(row in found for row in (*ALONE, "pad")):
        return []
    whole, ids = found["pad"], found["id"]
    gain, p = _against_best_alone(found)["pad"]
    hit = mean(run.metric("metrics", "hr@10") for run in whole)
    hot = [_bin(whole, name) - _bin(ids, name) for name in BINS[:2]]
    cold = _bin(whole, BINS[-1]) / max(_bin(ids, BINS[-1]), 1e-9)
    lines = (
        (gain > 0 and p < 0.05, f"above the better of id and text in NDCG@10: {gain:+.1%}, p {p:.1e}"),
        (min(hot) >= 0, f"not below id in the two hottest bins, HR@10: {hot[0]:+.4f}, {hot[1]:+.4f}"),
        (cold >= 3, f"at least 3 times id in the coldest bin, HR@10: {cold:.1f} times"),
        (hit >= 0.085, f"HR@10 at least .085: {hit:.4f}"),
    )
    return ["", f"{PANTRY}: required of pad"] + [f"  {'yes' if done else 'NO':4} {what}" for done, what in lines]


def _alignment() -> list[str]:
    """The discrepancy before and after, and Kendall's tau with the vectors before."""
    found = {row: runs for row, runs in rows(PANTRY).items() if "forgetting" in runs[0].about["studies"]}
    if not found:
        return []
    names = " ".join(f"{name:>6}" for name in BINS)
    lines = ["", f"{PANTRY}: alignment study; tau of the copied free vectors and of the joined ones, then copy by bin"]
    lines.append(f"  {'':22} {'kernel':10} {'before':>9} {'after':>9} {'copy':>6} {'joined':>6} {names}")
    for row, runs in found.items():
        if row not in ("aligned", "pad", "no-mmd", "no-anchor", *KERNELS):
            continue
        kept_ = [run.about["studies"]["forgetting"] for run in runs]
        gap = {when: mean(one["discrepancy"][when] for one in kept_) for when in ("before", "after")}
        tau = {space: mean(one["spaces"][space]["tau"] for one in kept_) for space in ("copy", "aligned")}
        bins = [mean(one["spaces"]["copy"]["bins"][n] or 0.0 for one in kept_) for n in range(len(BINS))]
        lines.append(
            f"  {row:22} {kept_[0]['discrepancy']['kernel']:10} {gap['before']:9.4f} {gap['after']:9.4f} "
            f"{tau['copy']:6.3f} {tau['aligned']:6.3f} " + " ".join(f"{value:6.3f}" for value in bins)
        )
    return lines


def _gates() -> list[str]:
    found = {row: runs for row, runs in rows(PANTRY).items() if "gates" in runs[0].about["studies"]}
    lines = ["", f"{PANTRY}: weights of the experts in the ten bins"] if found else []
    for row, runs in found.items():
        shares = np.mean([run.about["studies"]["gates"]["shares"] for run in runs], axis=0)
        for name, weights in zip(runs[0].about["studies"]["gates"]["experts"], shares, strict=True):
            lines.append(f"  {row:22} {name:8} " + " ".join(f"{weight:6.3f}" for weight in weights))
    return lines


def table() -> list[str]:
    """Everything that is finished."""
    accuracy = [line for data in DATA for line in _accuracy(data)]
    beside = [line for data in DATA for line in _beside(data)]
    return accuracy + _required() + beside + _alignment() + _gates()
