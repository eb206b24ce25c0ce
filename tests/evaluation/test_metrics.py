from __future__ import annotations

import math

import numpy as np
import pytest

from foretaste.core.errors import ConfigError
from foretaste.evaluation.metrics import mean_metrics, per_target

RANKS = np.array([0.0, 2.0, 4.5, 9.5, 10.0, 400.0, np.inf])


def test_each_metric_equals_its_definition() -> None:
    found = per_target(RANKS, (5, 10))
    for cutoff in (5, 10):
        for row, rank in enumerate(RANKS):
            hit = rank < cutoff
            place = math.floor(rank) if hit else 0
            expected = {
                "hr": float(hit),
                "recall": float(hit),
                "precision": hit / cutoff,
                "ndcg": 1 / math.log2(place + 2) if hit else 0.0,
                "mrr": 1 / (place + 1) if hit else 0.0,
                "map": 1 / (place + 1) if hit else 0.0,
            }
            for name, value in expected.items():
                assert found[f"{name}@{cutoff}"][row] == pytest.approx(value)


def test_means_are_over_all_targets_and_undefined_for_none() -> None:
    assert mean_metrics(RANKS, (10,), ("hr",)) == {"hr@10": pytest.approx(4 / 7)}
    assert math.isnan(mean_metrics(np.empty(0), (10,), ("hr",))["hr@10"])


def test_a_misspelt_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="ndcg"):
        per_target(RANKS, (10,), ("ndgc",))
