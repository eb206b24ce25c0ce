"""Metrics of every question, and their means over all of them and over groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.data.split import Targets
from foretaste.data.target_sets import TargetSets
from foretaste.evaluation.groups import Division
from foretaste.evaluation.metrics import per_target
from foretaste.evaluation.set_metrics import per_question


def metric_values(
    targets: Targets, places: NDArray[np.float64], cutoffs: tuple[int, ...], names: tuple[str, ...] = ()
) -> dict[str, NDArray[np.float64]]:
    """Metrics of every question, from the ranks of all answers."""
    if isinstance(targets, TargetSets):
        return per_question(places, targets.firsts, cutoffs, names)
    return per_target(places, cutoffs, names)


def means(values: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """The mean of each metric; NaN where nobody is asked."""
    return {key: float(value.mean()) if len(value) else float("nan") for key, value in values.items()}


def group_metrics(
    places: NDArray[np.float64], divisions: Mapping[str, Division], cutoffs: tuple[int, ...]
) -> dict[str, Any]:
    """Metrics of single targets in every group: head, tail, cold and warm by name, other divisions under ``bins``."""
    return group_means(per_target(places, cutoffs), divisions)


def group_means(values: Mapping[str, NDArray[np.float64]], divisions: Mapping[str, Division]) -> dict[str, Any]:
    """Means of every group's values, in the form of :func:`group_metrics`."""
    report: dict[str, Any] = {}
    bins: dict[str, Any] = {}
    for name, division in divisions.items():
        groups = {
            group: {"targets": int(mask.sum()), **means({key: value[mask] for key, value in values.items()})}
            for group, mask in division.masks().items()
        }
        if name in ("pareto", "cold"):
            report |= groups
        else:
            bins[name] = groups
    return report | {"bins": bins}
