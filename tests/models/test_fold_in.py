"""Placing users by ridge regression."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models import fold_in as module
from foretaste.models.fold_in import fold_in

LISTS = [[0, 3, 5], [2], [], [1, 4, 6, 7, 8, 0], [5, 6]]


@pytest.mark.parametrize("ridge", [0.01, 1.0])
@pytest.mark.parametrize("tokens", [4, 1000])
def test_it_is_the_least_squares_solution(ridge: float, tokens: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOKENS", tokens)
    torch.manual_seed(0)
    vectors, trained = torch.randn(9, 4, dtype=torch.float64) * 3, torch.randn(5, 4, dtype=torch.float64)
    trained[:2] = 0
    scale = float(vectors.square().sum(1).mean())
    found = fold_in(vectors, Sequences.from_lists(LISTS), ridge, trained).numpy()
    for row, direction, u in zip(LISTS, F.normalize(trained, dim=1).numpy(), found, strict=True):
        pull = np.sqrt(ridge * scale)
        rows = np.vstack([vectors[row].numpy(), pull * np.eye(4)])
        wanted = np.r_[np.ones(len(row)), pull * direction / np.sqrt(scale)]
        np.testing.assert_allclose(u, np.linalg.lstsq(rows, wanted, rcond=None)[0], atol=1e-9)


def test_scaling_the_items_or_the_trained_vectors_leaves_the_scores() -> None:
    torch.manual_seed(0)
    vectors, trained, rows = torch.randn(9, 4), torch.randn(5, 4), Sequences.from_lists(LISTS)
    scores = fold_in(vectors, rows, 0.1, trained) @ vectors.T
    again = fold_in(7 * vectors, rows, 0.1, 3 * trained) @ (7 * vectors).T
    torch.testing.assert_close(again, scores, atol=1e-4, rtol=1e-4)


def test_a_large_ridge_is_the_mean_for_a_stranger_and_the_trained_vector_for_a_user() -> None:
    torch.manual_seed(0)
    vectors, rows = torch.randn(9, 4), Sequences.from_lists([[0, 3, 5], [0, 3, 5]])
    trained = torch.stack([torch.zeros(4), torch.randn(4)])
    found = fold_in(vectors, rows, 1e4, trained)
    limits = torch.stack([vectors[[0, 3, 5]].mean(0), trained[1]])
    assert (torch.cosine_similarity(found, limits) > 0.9999).all()
