"""Spectral start vectors, and the counts they come from."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from foretaste.data.cooccurrence import cooccurrence
from foretaste.data.sequences import Sequences
from foretaste.nn.spectral import spectral_vectors


@given(st.lists(st.lists(st.integers(0, 7), max_size=9), min_size=1, max_size=8), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_cooccurrence_equals_a_double_loop(lists, window):
    wanted = np.zeros((8, 8))
    for row in lists:
        for a in range(len(row)):
            for b in range(a + 1, min(a + window, len(row) - 1) + 1):
                wanted[row[a], row[b]] += 0.5 ** (b - a - 1)
                wanted[row[b], row[a]] += 0.5 ** (b - a - 1)
    got = cooccurrence(Sequences.from_lists(lists), 8, window=window, decay=0.5).toarray()
    np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_vectors_equal_the_dense_eigenvectors():
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.3, (60, 60)).astype(np.float32)
    counts += counts.T
    scale = (counts.sum(1) + 1) ** -0.5
    values, turn = np.linalg.eigh(counts * scale[:, None] * scale[None, :])
    order = np.argsort(-np.abs(values))[:4]
    dense = turn[:, order] * np.sqrt(np.abs(values[order]))
    got = spectral_vectors(sparse.csr_matrix(counts), 4, std=float(dense.std()), seed=1).numpy()
    np.testing.assert_allclose(np.abs(got.T @ dense).max(0), (dense**2).sum(0), rtol=0.05)


def test_items_that_stand_together_point_the_same_way():
    rows = [[0, 1, 2], [2, 1, 0], [3, 4, 5], [5, 3, 4]] * 5
    counts = cooccurrence(Sequences.from_lists(rows), 8, window=5, decay=0.8)
    vectors = spectral_vectors(counts, 4, std=0.05, seed=0)
    assert vectors.shape == (8, 4)
    assert abs(vectors.std(unbiased=False).item() - 0.05) < 1e-4
    assert np.isfinite(vectors.numpy()).all()
    assert (vectors[0] @ vectors[1]) > 5 * abs(vectors[0] @ vectors[4])


def test_the_same_seed_gives_the_same_bits():
    counts = cooccurrence(Sequences.from_lists([[0, 1, 2, 3], [3, 1]]), 4, window=2, decay=0.8)
    first, second = (spectral_vectors(counts, 8, std=0.1, seed=5) for _ in range(2))
    assert (first == second).all()
