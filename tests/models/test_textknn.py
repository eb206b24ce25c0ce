"""Cosines of texts against loops over items."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import sparse

from foretaste.data.sequences import Sequences
from foretaste.models import textknn
from foretaste.models.base import Scorer
from foretaste.models.textknn import NearestText, TextKNN, WordKNN

ITEMS = 14
ROWS = [[1, 2, 3], [4], [0, 5, 5, 6, 13], [], [7, 8]]
HISTORIES = Sequences.from_lists(ROWS)


def vectors() -> torch.Tensor:
    return torch.randn(ITEMS, 6, generator=torch.Generator().manual_seed(0)) * 3


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


@pytest.mark.parametrize(("window", "decay"), [(20, 1.0), (2, 1.0), (20, 0.5), (3, 0.8)])
def test_textknn_is_the_loop_up_to_the_length_of_the_user(window: int, decay: float) -> None:
    table = vectors().numpy()
    model = TextKNN(vectors(), window=window, decay=decay)
    scores, users = model.score(HISTORIES), model.user_vectors(HISTORIES)
    for row, found, user in zip(ROWS, scores.numpy(), users, strict=True):
        wanted = np.zeros(ITEMS)
        for age, item in enumerate(reversed(row[-window:])):
            wanted += decay**age * np.array([cosine(table[item], other) for other in table])
        assert float(user.norm()) == pytest.approx(1.0 if row else 0.0)
        np.testing.assert_allclose(
            found / max(np.abs(found).max(), 1e-9), wanted / max(np.abs(wanted).max(), 1e-9), atol=1e-5
        )


@pytest.mark.parametrize("window", [1, 2, 20])
def test_nearest_is_the_loop(window: int) -> None:
    table = vectors().numpy()
    scores = NearestText(vectors(), window=window).score(HISTORIES)
    for row, found in zip(ROWS, scores.numpy(), strict=True):
        wanted = [max((cosine(table[i], other) for i in row[-window:]), default=math.nan) for other in table]
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def words() -> sparse.csr_matrix:
    rng = np.random.default_rng(0)
    dense = rng.random((ITEMS, 30)) * (rng.random((ITEMS, 30)) < 0.1)
    dense[5] = 0
    norms = np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-12)
    return sparse.csr_matrix((dense / norms).astype(np.float32))


@pytest.mark.parametrize(("window", "decay"), [(20, 1.0), (2, 0.5)])
def test_words_are_the_loop_and_unshared_words_say_nothing(window: int, decay: float) -> None:
    matrix = words()
    alike = (matrix @ matrix.T).toarray()
    scores = WordKNN(ITEMS, window=window, decay=decay).fill(matrix).score(HISTORIES)
    assert scores.isnan().any()
    assert not scores[0].isnan().all()
    for row, found in zip(ROWS, scores.numpy(), strict=True):
        wanted = np.zeros(ITEMS)
        for age, item in enumerate(reversed(row[-window:])):
            wanted += decay**age * alike[item]
        np.testing.assert_allclose(found, np.where(wanted == 0, np.nan, wanted), atol=1e-6)


def test_blocks_do_not_change_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    models: list[Scorer] = [TextKNN(vectors(), window=4, decay=0.5), NearestText(vectors(), window=4)]
    whole = [model.score(HISTORIES) for model in models]
    monkeypatch.setattr(textknn, "ROWS", 2)
    monkeypatch.setattr(textknn, "CELLS", ITEMS * 4)
    for model, wanted in zip(models, whole, strict=True):
        torch.testing.assert_close(model.score(HISTORIES), wanted, equal_nan=True)


def test_the_saved_state_is_enough() -> None:
    matrix = words()
    model = WordKNN(ITEMS, window=4, decay=0.5).fill(matrix)
    again = WordKNN(ITEMS, model.sizes["words"], model.sizes["entries"], window=4, decay=0.5)
    again.load_state_dict(model.state_dict())
    torch.testing.assert_close(again.score(HISTORIES), model.score(HISTORIES), equal_nan=True)
    dense = TextKNN(vectors(), window=4, decay=0.5)
    empty = TextKNN(torch.zeros(ITEMS, dense.sizes["text_dim"]), window=4, decay=0.5)
    empty.load_state_dict(dense.state_dict())
    torch.testing.assert_close(empty.score(HISTORIES), dense.score(HISTORIES))


def test_renumbering_the_items_permutes_the_scores() -> None:
    order = torch.randperm(ITEMS, generator=torch.Generator().manual_seed(1))
    renamed = Sequences.from_lists([[int(order[i]) for i in row] for row in ROWS])
    moved = torch.empty_like(vectors())
    moved[order] = vectors()
    for make in (lambda v: TextKNN(v, window=4, decay=0.5), lambda v: NearestText(v, window=4)):
        first, second = make(vectors()).score(HISTORIES), make(moved).score(renamed)
        torch.testing.assert_close(second[:, order], first, equal_nan=True)
