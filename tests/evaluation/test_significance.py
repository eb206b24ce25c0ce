from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from foretaste.evaluation.significance import bootstrap_means, compare_paired, holm, mean_std, paired_t


def test_the_bootstrap_equals_drawing_users_one_by_one() -> None:
    rng = np.random.default_rng(0)
    values = rng.choice([0.0, 0.3, 1.0], size=200, p=[0.7, 0.2, 0.1])
    means = bootstrap_means(values, samples=20_000)
    slow = rng.choice(values, size=(20_000, 200)).mean(1)
    assert means.mean() == pytest.approx(values.mean(), abs=1e-3)
    assert means.std() == pytest.approx(slow.std(), rel=0.03)
    assert np.quantile(means, 0.9) == pytest.approx(np.quantile(slow, 0.9), abs=2e-3)


def test_the_bootstrap_is_the_same_for_the_same_seed_and_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=50)
    whole = bootstrap_means(values, samples=100, seed=3)
    assert np.array_equal(whole, bootstrap_means(values, samples=100, seed=3))
    monkeypatch.setattr("foretaste.evaluation.significance._CELLS", 50 * 7)
    assert bootstrap_means(values, samples=100, seed=3) == pytest.approx(whole)


def test_p_values_are_even_where_nothing_differs_and_small_where_something_does() -> None:
    rng = np.random.default_rng(1)
    even = [compare_paired(a, b, samples=200).p_bootstrap for a, b in rng.normal(size=(200, 2, 40))]
    assert 0.02 < np.mean(np.array(even) < 0.05) < 0.12
    first = rng.normal(size=500)
    found = compare_paired(first, first + 0.2 + rng.normal(size=500) * 0.5, samples=2000)
    assert found.p_bootstrap < 0.002
    assert found.p_t < 0.001
    assert found.low < 0.2 < found.high
    assert found.difference == pytest.approx(0.2, abs=0.1)


def test_a_run_does_not_differ_from_itself() -> None:
    values = np.random.default_rng(0).random(20)
    found = compare_paired(values, values)
    assert (found.difference, found.p_bootstrap, found.p_t) == (0.0, 1.0, 1.0)


def test_the_t_test_is_scipys() -> None:
    first, second = np.random.default_rng(2).random((2, 40))
    assert paired_t(first, second) == pytest.approx(stats.ttest_rel(second, first).pvalue)


def test_a_constant_gain_is_certain() -> None:
    assert paired_t(np.zeros(5), np.ones(5)) == 0.0


def test_holm_equals_the_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_spread_of_one_seed_is_unknown() -> None:
    assert mean_std([1.0, 3.0]) == (2.0, pytest.approx(math.sqrt(2)))
    assert math.isnan(mean_std([1.0])[1])
