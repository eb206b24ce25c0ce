"""Figures that are known to the last digit, on the real data."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from rank_oracles import Product

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.evaluation.evaluate import evaluate
from foretaste.evaluation.metrics import mean_metrics
from foretaste.evaluation.ranks import ranks
from foretaste.recipes.registry import recipe

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif("FORETASTE_DATA" not in os.environ, reason="FORETASTE_DATA does not name the real data sets"),
]


def popularity_metrics(name: str, *, counted_on: str, mask_seen: bool = True, by_id: bool = False) -> list[str]:
    """HR and NDCG of the most popular items at 5, 10 and 20, as tables print them."""
    dataset = Dataset.load(Path(os.environ["FORETASTE_DATA"]) / name)
    split = leave_one_out(dataset.sequences)
    counts = (dataset.sequences if counted_on == "all" else split.train).counts(dataset.num_items).astype(np.float64)
    if by_id:
        counts = -np.argsort(np.lexsort((np.array(list(dataset.items)), -counts))).astype(np.float64)
    users = np.ones((dataset.num_users, 1), dtype=np.float32)
    model = Product(users, counts[:, None].astype(np.float32))
    found = mean_metrics(ranks(model, split.test, mask_seen=mask_seen), (5, 10, 20), ("hr", "ndcg"))
    return [f"{value:.4f}".removeprefix("0") for value in found.values()]


def test_popularity_over_all_interactions_is_the_published_row_of_beauty() -> None:
    assert popularity_metrics("amazon_beauty", counted_on="all") == [
        ".0080",
        ".0044",
        ".0152",
        ".0068",
        ".0217",
        ".0084",
    ]


def test_popularity_in_training_on_beauty_with_ties_broken_by_id() -> None:
    """The recorded figures broke ties by the raw id; where a tie counts half they are .0081/.0044/.0120/.0056/…"""
    found = popularity_metrics("amazon_beauty", counted_on="train", by_id=True)
    assert found == [".0075", ".0041", ".0114", ".0054", ".0203", ".0076"]
    assert popularity_metrics("amazon_beauty", counted_on="train")[:4] == [".0081", ".0044", ".0120", ".0056"]


def test_popularity_in_training_on_scientific() -> None:
    assert popularity_metrics("amazon_scientific", counted_on="train")[:4] == [".0186", ".0139", ".0316", ".0180"]


@pytest.mark.parametrize(("mask_seen", "hit_rate"), [(True, ".0045"), (False, ".0124")])
def test_popularity_in_training_on_prime_pantry_with_seen_items_removed_and_kept(
    mask_seen: bool, hit_rate: str
) -> None:
    assert popularity_metrics("amazon_prime_pantry", counted_on="train", mask_seen=mask_seen)[2] == hit_rate


@pytest.mark.parametrize(
    ("data", "name", "figures"),
    [
        ("amazon_beauty", "itemknn", [".0499", ".0346", ".0688", ".0408"]),
        ("amazon_scientific", "transitions", [".0592", ".0495", ".0680", ".0524"]),
    ],
)
def test_an_evaluation_reports_the_recorded_figures_of_the_neighbour_models(
    data: str, name: str, figures: list[str], tmp_path: Path
) -> None:
    dataset = Dataset.load(Path(os.environ["FORETASTE_DATA"]) / data)
    split = leave_one_out(dataset.sequences)
    found = recipe(name)
    model = found.train(Run(tmp_path), dataset, split, found.config())
    metrics = evaluate(model, split, dataset, part="test", beyond=False).metrics
    assert [f"{metrics[key]:.4f}".removeprefix("0") for key in ("hr@5", "ndcg@5", "hr@10", "ndcg@10")] == figures
