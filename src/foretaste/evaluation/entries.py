"""Runs of one recipe that differ in nothing but the seed are one line of a table: mean and spread."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from foretaste.evaluation.runs import FinishedRun
from foretaste.evaluation.significance import mean_std

LABEL_KEYS = 3
"""Labels name at most so many keys in which two configs of one recipe differ."""


@dataclass(frozen=True)
class Entry:
    """One recipe under one config, run with one seed or several.

    Attributes:
        label: What it is called in tables and plots.
        runs: One for each seed.
    """

    label: str
    runs: tuple[FinishedRun, ...]

    def spread(self, *path: str) -> tuple[float, float] | None:
        """Mean and standard deviation over seeds of a number in the test report; None where a run lacks it.

        Args:
            path: Keys from the outside in: ``spread("groups", "items", "head", "ndcg@10")``.
        """
        return self._spread([_dig(run.test, path) for run in self.runs])

    @property
    def answers(self) -> bool:
        """Whether a question has several answers, so that recall is not the hit rate."""
        return "answers" in self.runs[0].protocol

    def seconds(self) -> tuple[float, float] | None:
        """Mean and standard deviation of the training time."""
        return self._spread([run.seconds.get("train") for run in self.runs])

    def values(self, metric: str) -> pl.DataFrame:
        """A metric for each target, averaged over the seeds: user_id, item_id, value."""
        tables = [run.values(metric) for run in self.runs]
        keys = [name for name in tables[0].columns if name != "value"]
        return pl.concat(tables).group_by(keys, maintain_order=True).agg(pl.col("value").mean())

    @staticmethod
    def _spread(found: Sequence[Any]) -> tuple[float, float] | None:
        if any(not isinstance(value, int | float) for value in found):
            return None
        return mean_std([float(value) for value in found])


def _dig(report: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(report, dict) or key not in report:
            return None
        report = report[key]
    return report


def mean_tree(trees: Sequence[Any]) -> Any:
    """Nested dictionaries of like shape, averaged number by number; whole numbers that agree stay whole.

    >>> mean_tree([{"head": {"targets": 2, "hr@10": 0.5}}, {"head": {"targets": 2, "hr@10": 1.0}}])
    {'head': {'targets': 2, 'hr@10': 0.75}}
    """
    first = trees[0]
    if isinstance(first, dict):
        return {key: mean_tree([tree.get(key) if isinstance(tree, dict) else None for tree in trees]) for key in first}
    if all(tree == first for tree in trees):
        return first
    return sum(trees) / len(trees) if all(isinstance(tree, int | float) for tree in trees) else None


def group_runs(runs: Iterable[FinishedRun]) -> tuple[Entry, ...]:
    """Entries in order of their first run; labels say what tells two configs of one recipe apart."""
    groups: dict[str, list[FinishedRun]] = {}
    for run in runs:
        config = {key: value for key, value in run.config.items() if key != "seed"}
        key = json.dumps([run.recipe, config, run.data.get("fingerprint")], sort_keys=True, default=str)
        groups.setdefault(key, []).append(run)
    labels = _labels([group[0] for group in groups.values()])
    return tuple(Entry(label, tuple(group)) for label, group in zip(labels, groups.values(), strict=True))


def _labels(firsts: list[FinishedRun]) -> list[str]:
    labels = []
    for run in firsts:
        twins = [dict(_flat(other.config)) for other in firsts if other.recipe == run.recipe]
        own = dict(_flat(run.config))
        differing = [key for key in own if key != "seed" and any(t.get(key) != own[key] for t in twins)]
        settings = ", ".join(f"{key}={own[key]}" for key in differing)
        if len(differing) > LABEL_KEYS or (len(twins) > 1 and not differing):
            settings = run.folder.name
        labels.append(f"{run.recipe} ({settings})" if settings else run.recipe)
    counts = {label: labels.count(label) for label in labels}
    return [
        f"{label} [{run.folder}]" if counts[label] > 1 else label for label, run in zip(labels, firsts, strict=True)
    ]


def _flat(config: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
