"""Principal components against numpy's singular values; whitened columns against the identity."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from foretaste.nn.reduce import pca, random_projection, whiten, whitening


def _vectors(rows: int = 60, width: int = 9, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    skew = torch.randn(width, width, generator=generator)
    return torch.randn(rows, width, generator=generator) @ skew + 3.0


@pytest.mark.parametrize("dim", [1, 4, 9])
def test_components_are_those_of_the_singular_value_decomposition(dim: int) -> None:
    vectors = _vectors()
    found = pca(vectors, dim).numpy()
    centred = vectors.double().numpy() - vectors.double().numpy().mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    wanted = (left * values)[:, :dim]
    np.testing.assert_allclose(found, wanted * np.sign((found * wanted).sum(0)), rtol=1e-4, atol=1e-4)


def test_all_components_keep_every_distance() -> None:
    vectors = _vectors()
    found, wanted = ((x[:, None] - x).norm(dim=-1) for x in (pca(vectors, 9).double(), vectors.double()))
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-4)


def test_signs_do_not_depend_on_the_order_of_the_items() -> None:
    vectors = _vectors()
    order = torch.randperm(len(vectors), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(pca(vectors[order], 4), pca(vectors, 4)[order], rtol=1e-4, atol=1e-4)


def test_the_scale_is_kept_or_set() -> None:
    vectors = _vectors()
    whole = pca(vectors, 4)
    scaled = pca(vectors, 4, std=0.05)
    assert float(scaled.std()) == pytest.approx(0.05, rel=1e-5)
    torch.testing.assert_close(scaled / scaled.norm(), whole / whole.norm())


@pytest.mark.parametrize("reduce", [pca, whiten])
@pytest.mark.parametrize(("rows", "width"), [(3, 9), (60, 2), (1, 5)])
def test_columns_that_the_data_cannot_fill_are_zero(reduce: object, rows: int, width: int) -> None:
    found = reduce(_vectors(rows, width), 6)  # type: ignore[operator]
    assert found.shape == (rows, 6)
    assert found.isfinite().all()
    assert not found[:, min(rows, width) :].any()


def test_equal_vectors_become_zero() -> None:
    same = torch.ones(5, 4)
    assert not pca(same, 3, std=0.05).any()
    assert not whiten(same, 3).any()


@pytest.mark.parametrize("dim", [3, 9])
def test_whitened_columns_have_unit_covariance(dim: int) -> None:
    found = whiten(_vectors(400), dim, eps=0.0).double()
    torch.testing.assert_close(found.mean(0), torch.zeros(dim, dtype=torch.float64), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.T.cov(), torch.eye(dim, dtype=torch.float64), atol=1e-4, rtol=0)


def test_eps_holds_back_directions_with_next_to_no_variance() -> None:
    vectors = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 1.0, 1e-6])
    spread = whiten(vectors, 3, eps=1e-5).std(0)
    assert spread[:2].min() > 0.99
    assert spread[2] < 0.01


def test_turning_back_stays_nearest_to_the_original() -> None:
    vectors = _vectors(400).double()
    mean, matrix = whitening(vectors, 9, rotate_back=True, eps=0.0)
    found = (vectors - mean) @ matrix
    torch.testing.assert_close(found.T.cov(), torch.eye(9, dtype=torch.float64), atol=1e-4, rtol=0)
    torch.testing.assert_close(matrix, matrix.T)
    other = whiten(vectors, 9, eps=0.0)
    assert (found - (vectors - mean)).norm() < (other - (vectors - mean)).norm()


def test_random_directions_keep_distances_on_average() -> None:
    vectors = _vectors(40, 300)
    found = random_projection(vectors, 200, seed=1)
    shares = ((found[:, None] - found).norm(dim=-1) / (vectors[:, None] - vectors).norm(dim=-1))[
        ~torch.eye(40, dtype=torch.bool)
    ]
    assert abs(float(shares.mean()) - 1) < 0.1
    assert float(shares.std()) < 0.2
    torch.testing.assert_close(random_projection(vectors, 200, seed=1), found)
    assert not torch.equal(random_projection(vectors, 200, seed=2), found)
    assert float(random_projection(vectors, 200, seed=1, std=0.05).std()) == pytest.approx(0.05, rel=1e-4)
