"""Indexes against the naive answer: filters inside, later items, the choice by size."""

from __future__ import annotations

import numpy as np
import pytest

from foretaste.core.errors import ConfigError
from foretaste.serving.index import faiss_index
from foretaste.serving.index.base import NOTHING
from foretaste.serving.index.building import build_index, choose_kind, recall
from foretaste.serving.index.exact import ExactIndex
from foretaste.serving.index.qdrant_index import LOCATION

RNG = np.random.default_rng(0)
VECTORS = RNG.standard_normal((3000, 16)).astype(np.float32)
USERS = RNG.standard_normal((20, 16)).astype(np.float32)


def naive(vectors: np.ndarray, k: int, allowed: np.ndarray) -> np.ndarray:
    scores = np.where(allowed, USERS @ vectors.T, -np.inf)
    order = np.argsort(-scores, axis=1)[:, :k]
    return np.where(np.take_along_axis(scores, order, 1) == -np.inf, NOTHING, order)


@pytest.mark.parametrize("share", [1.0, 0.6, 0.05, 0.001, 0.0])
def test_exact_search_is_the_naive_one(share: float) -> None:
    allowed = np.random.default_rng(1).random(3000) < share
    ids, scores = ExactIndex(VECTORS).search(USERS, 12, allowed)
    np.testing.assert_array_equal(ids, naive(VECTORS, 12, allowed))
    assert (np.isfinite(scores) == (ids != NOTHING)).all()


@pytest.mark.parametrize("kind", ["flat", "ivf", "ivfpq", "hnsw", "qdrant"])
def test_every_index_filters_inside_and_finds_later_items(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("qdrant_client" if kind == "qdrant" else "faiss")
    monkeypatch.setenv(LOCATION, ":memory:")
    monkeypatch.setattr(faiss_index, "NARROW", 0)
    monkeypatch.setattr(faiss_index, "NARROW_SHARE", 0.0)
    index, measured = build_index(VECTORS, USERS, kind)
    assert measured["recall@10"] >= 0.95
    later = (3 * USERS[:2]).astype(np.float32)
    grown, whole = index.added(later), np.concatenate([VECTORS, later])
    allowed = np.random.default_rng(2).random(len(whole)) < 0.4
    allowed[3000:] = True
    ids, _ = grown.search(USERS, 10, allowed)
    assert (ids != NOTHING).all()
    assert allowed[ids].all()
    assert (ids[0, 0], ids[1, 0]) == (3000, 3001)
    assert recall(ids, naive(whole, 10, allowed)) >= 0.9
    assert index.size == 3000
    few = np.zeros(len(whole), dtype=np.bool_)
    few[[7, 1_000, 3_001]] = True
    ids, scores = grown.search(USERS, 5, few)
    np.testing.assert_array_equal(np.sort(ids), [[NOTHING, NOTHING, 7, 1_000, 3_001]] * len(USERS))
    assert (np.isfinite(scores) == (ids != NOTHING)).all()
    assert (grown.search(USERS, 5, np.zeros(len(whole), dtype=np.bool_))[0] == NOTHING).all()


def test_the_index_is_chosen_by_size_and_memory() -> None:
    assert choose_kind(12_000, 64) == "exact"
    assert choose_kind(1_000_000, 64, memory=8e9) == "ivf"
    assert choose_kind(100_000_000, 64, memory=8e9) == "ivfpq"
    with pytest.raises(ConfigError, match="magic"):
        build_index(VECTORS, USERS, "magic")
