"""Runs side by side: one table, the protocol beside it, and what is more than luck."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from foretaste.core.errors import ConfigError
from foretaste.evaluation.entries import Entry, group_runs, mean_tree
from foretaste.evaluation.runs import FinishedRun, read_run
from foretaste.evaluation.significance import SAMPLES, Paired, compare_paired, holm

TESTED = ("ndcg@10", "hr@10")
"""Metrics whose differences are tested."""

TESTED_SETS = ("ndcg@10", "hr@10", "ndcg@20", "recall@20")
"""The same where a question has several answers."""

SAME = ("data_fingerprint", "split", "part", "candidates", "num_candidates", "seen", "ties", "unscored", "popularity")
"""Keys of the protocol that must agree for numbers to be comparable."""


@dataclass(frozen=True)
class Difference:
    """One entry against the first, in one metric.

    Attributes:
        entry: Label of the entry.
        metric: Like ``ndcg@10``.
        paired: Difference, interval and p-values, over the users that both have.
        p_holm: The bootstrap p-value corrected for all differences of the comparison.
        base: The first entry's value.
    """

    entry: str
    metric: str
    paired: Paired
    p_holm: float
    base: float

    def relative(self, amount: float) -> float:
        """A difference, or an end of its interval, as a share of the first entry's value."""
        return amount / self.base if self.base else math.nan


@dataclass(frozen=True)
class Comparison:
    """Everything that a table or a report shows.

    Attributes:
        entries: One for each recipe and config; the first is what the others are tested against.
        protocol: How the first run was measured; what differs elsewhere is in ``warnings``.
        differences: Paired tests of every other entry against the first.
        warnings: Why some numbers may not be comparable.
    """

    entries: tuple[Entry, ...]
    protocol: dict[str, Any]
    differences: tuple[Difference, ...]
    warnings: tuple[str, ...]

    def difference(self, label: str, metric: str) -> Difference | None:
        """The test of one entry in one metric; None for the first entry itself."""
        return next((d for d in self.differences if (d.entry, d.metric) == (label, metric)), None)

    def as_json(self) -> dict[str, Any]:
        """Plain values: per entry its runs, seeds and mean metrics with spread; then the tests and warnings."""
        return {
            "protocol": self.protocol,
            "entries": [_entry_json(entry) for entry in self.entries],
            "differences": [asdict(difference) for difference in self.differences],
            "warnings": list(self.warnings),
        }


def compare(folders: Iterable[str | Path], *, samples: int = SAMPLES, seed: int = 0) -> Comparison:
    """Reads finished runs and compares them with the first.

    Args:
        folders: Run folders; runs that differ only in the seed are taken together.
        samples: Bootstrap samples of each test.
        seed: Seed of the bootstrap.

    Raises:
        ConfigError: If no folder is given.
        ArtefactError: If one is not a finished run.
    """
    runs = [read_run(folder) for folder in folders]
    if not runs:
        raise ConfigError("there is nothing to compare", allowed="one run folder or more", mend="name run folders")
    entries = group_runs(runs)
    differences, uneven = _differences(entries, samples, seed)
    return Comparison(entries, runs[0].protocol, differences, (*_disagreements(runs), *uneven))


def _differences(entries: tuple[Entry, ...], samples: int, seed: int) -> tuple[tuple[Difference, ...], list[str]]:
    found: list[tuple[str, str, Paired, float]] = []
    warnings = []
    for metric in TESTED_SETS if entries[0].answers else TESTED:
        first = entries[0].values(metric)
        for entry in entries[1:]:
            both = _aligned(first, entry.values(metric))
            if both.height < first.height and metric == TESTED[0]:
                warnings.append(f"{entry.label} shares {both.height:,} of the first entry's {first.height:,} targets")
            if both.height:
                paired = compare_paired(both["value"].to_numpy(), both["other"].to_numpy(), samples=samples, seed=seed)
                found.append((entry.label, metric, paired, float(first["value"].mean() or 0.0)))  # type: ignore[arg-type]
    corrected = holm([paired.p_bootstrap for _, _, paired, _ in found])
    differences = tuple(
        Difference(label, metric, paired, p, base)
        for (label, metric, paired, base), p in zip(found, corrected, strict=True)
    )
    return differences, warnings


def _aligned(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    keys = [name for name in first.columns if name != "value" and name in second.columns]
    return first.join(second.rename({"value": "other"}), on=keys, how="inner", maintain_order="left")


def _disagreements(runs: list[FinishedRun]) -> list[str]:
    """What keeps the runs from being comparable, in one line for each key."""
    warnings = []
    for key in SAME:
        first = runs[0].protocol.get(key)
        others = {str(r.folder): r.protocol.get(key) for r in runs[1:] if r.protocol.get(key) != first}
        if others:
            said = ", ".join(f"{folder}: {_short(value)}" for folder, value in others.items())
            warnings.append(f"not comparable: {key} is {_short(first)} in {runs[0].folder}, but {said}")
    if any(run.protocol.get("candidates") == "sampled-100" for run in runs):
        warnings.append("ranks are among 100 sampled items: never set these numbers beside full-catalogue ones")
    return warnings


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 16 else text[:12] + "…"


def _entry_json(entry: Entry) -> dict[str, Any]:
    metrics = entry.runs[0].test.get("metrics", {})
    spreads = {name: entry.spread("metrics", name) for name in metrics}
    return {
        "label": entry.label,
        "recipe": entry.runs[0].recipe,
        "runs": [str(run.folder) for run in entry.runs],
        "seeds": [run.seed for run in entry.runs],
        "metrics": {name: spread[0] for name, spread in spreads.items() if spread},
        "std": {name: spread[1] for name, spread in spreads.items() if spread and len(entry.runs) > 1},
        "groups": mean_tree([run.test.get("groups", {}) for run in entry.runs]),
    }
