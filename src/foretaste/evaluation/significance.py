"""Is the difference between two runs more than luck? Paired tests over the same users, and spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]

SAMPLES = 10_000
"""Bootstrap samples."""

_CELLS = 4_000_000
"""Counts held at once while bootstrapping."""


@dataclass(frozen=True)
class Paired:
    """A paired comparison of one metric.

    Attributes:
        difference: Mean of second minus first.
        low: Lower end of the 95 % bootstrap interval of the difference.
        high: Its upper end.
        p_bootstrap: Two-sided bootstrap p-value.
        p_t: Two-sided p-value of the paired t-test.
        users: How many users were compared.
    """

    difference: float
    low: float
    high: float
    p_bootstrap: float
    p_t: float
    users: int


def compare_paired(first: Values, second: Values, *, samples: int = SAMPLES, seed: int = 0) -> Paired:
    """Both tests on the values of the same users, in the same order.

    Args:
        first: Values of the run compared against, ``(m,)``.
        second: Values of the other run, ``(m,)``.
        samples: Bootstrap samples.
        seed: Seed of the bootstrap.
    """
    gain = np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64)
    if not len(gain):
        raise ValueError("no users to compare")
    means = bootstrap_means(gain, samples=samples, seed=seed)
    low, high = np.quantile(means, [0.025, 0.975])
    return Paired(float(gain.mean()), float(low), float(high), bootstrap_p(means), paired_t(first, second), len(gain))


def bootstrap_means(values: Values, *, samples: int = SAMPLES, seed: int = 0) -> Values:
    """Means of ``samples`` resamples of the values, with replacement, ``(samples,)``.

    A metric of ranks takes few distinct values, so how often each is drawn is drawn at once from a multinomial
    distribution: the same law as drawing users one by one, at a fraction of the cost.
    """
    distinct, counts = np.unique(values, return_counts=True)
    shares = counts / len(values)
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // len(distinct))
    parts = [
        rng.multinomial(len(values), shares, size=min(step, samples - start)) @ distinct
        for start in range(0, samples, step)
    ]
    means: Values = np.concatenate(parts) / len(values)
    return means


def bootstrap_p(means: Values) -> float:
    """Two-sided p-value: twice the share of resampled means on the rarer side of zero, each end counted once more."""
    below, above = (means <= 0).sum() + 1, (means >= 0).sum() + 1
    return float(min(1.0, 2 * min(below, above) / (len(means) + 1)))


def paired_t(first: Values, second: Values) -> float:
    """Two-sided p-value of the paired t-test; 1 where the two are equal everywhere."""
    if len(first) < 2 or np.array_equal(first, second):
        return 1.0
    gain = np.asarray(second) - np.asarray(first)
    if np.ptp(gain) == 0:
        return 0.0
    return float(stats.ttest_rel(second, first).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction of several p-values, in the order given.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    result: list[float] = adjusted.tolist()
    return result


def mean_std(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation over seeds; the deviation of one seed is NaN, not zero."""
    array = np.asarray(values, dtype=np.float64)
    return float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else float("nan")
