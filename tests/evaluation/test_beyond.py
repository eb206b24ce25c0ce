from __future__ import annotations

import itertools
import math

import numpy as np
import polars as pl
import pytest

from foretaste.evaluation.beyond import (
    beyond_accuracy,
    category_diversity,
    coverage,
    exposure,
    gini,
    mean_popularity,
    novelty,
    vector_diversity,
)

LISTS = np.array([[0, 1, 2], [2, 3, -1], [4, -1, -1], [0, 2, 4]])
POPULARITY = np.array([8, 4, 2, 1, 0, 0])


def pairs_of(row: np.ndarray) -> list[tuple[int, int]]:
    return list(itertools.combinations([int(i) for i in row if i >= 0], 2))


def test_coverage_counts_items_shown_to_anybody() -> None:
    assert exposure(LISTS, 6).tolist() == [2, 1, 3, 1, 2, 0]
    assert coverage(exposure(LISTS, 6)) == 5 / 6


@pytest.mark.parametrize("shown", [[1, 2, 3, 4], [0, 0, 0, 9], [5, 5, 5], [0, 1]])
def test_gini_is_the_mean_difference_over_twice_the_mean(shown: list[int]) -> None:
    slow = np.mean([abs(a - b) for a in shown for b in shown]) / (2 * np.mean(shown))
    assert gini(np.array(shown)) == pytest.approx(slow)


def test_gini_of_nothing_is_undefined() -> None:
    assert math.isnan(gini(np.zeros(3, dtype=np.int64)))


def test_novelty_and_popularity_are_means_over_what_is_recommended() -> None:
    listed = [int(i) for i in LISTS.ravel() if i >= 0]
    total = POPULARITY.sum() + len(POPULARITY)
    slow = np.mean([-math.log2((POPULARITY[i] + 1) / total) for i in listed])
    assert novelty(LISTS, POPULARITY) == pytest.approx(slow)
    assert mean_popularity(LISTS, POPULARITY) == pytest.approx(np.mean([POPULARITY[i] for i in listed]))


def test_vector_diversity_equals_a_loop_over_pairs() -> None:
    vectors = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    vectors[3] = 0
    units = [v / np.linalg.norm(v) if v.any() else v for v in vectors]
    slow = np.mean([np.mean([1 - units[a] @ units[b] for a, b in pairs_of(row)]) for row in LISTS if pairs_of(row)])
    assert vector_diversity(LISTS, vectors) == pytest.approx(slow, abs=1e-6)


def test_category_diversity_equals_a_loop_over_pairs() -> None:
    labels: list[list[str] | None] = [["a", "b"], ["b"], None, ["a", "b", "b"], [], ["z"]]
    sets = [set(label or []) for label in labels]

    def jaccard(a: set[str], b: set[str]) -> float:
        return len(a & b) / len(a | b) if a | b else 1.0

    slow = np.mean(
        [np.mean([1 - jaccard(sets[a], sets[b]) for a, b in pairs_of(row)]) for row in LISTS if pairs_of(row)]
    )
    assert category_diversity(LISTS, pl.Series(labels, dtype=pl.List(pl.String))) == pytest.approx(slow)


def test_a_text_column_is_one_label_an_item() -> None:
    lists = np.array([[0, 1], [0, 2]])
    assert category_diversity(lists, pl.Series(["a", "a", "b"])) == 0.5


def test_the_report_holds_shares_that_sum_to_one() -> None:
    catalogue = pl.DataFrame({"item_id": list("abcdef"), "categories": [["x"]] * 6})
    report = beyond_accuracy(LISTS, POPULARITY, np.array([0, 4, 4], dtype=np.int32), catalogue)
    assert report["exposure"]["bins"] == ["0", "1", "2-3", "4-7", "8+"]
    assert report["exposure"]["targets"] == pytest.approx([2 / 3, 0, 0, 0, 1 / 3])
    for name in ("recommended", "targets", "items"):
        assert sum(report["exposure"][name]) == pytest.approx(1)
    assert report["category_diversity"] == 0
    assert report["short_lists"] == 2
