"""K-means against its definition."""

from __future__ import annotations

import pytest
import torch

from foretaste.nn.kmeans import kmeans


def test_clumps_are_found() -> None:
    torch.manual_seed(0)
    middles = torch.randn(5, 3) * 20
    truth = torch.arange(5).repeat(40)
    owner, centres = kmeans(middles[truth] + torch.randn(200, 3), 5, seed=0)
    assert centres.shape == (5, 3)
    pairs = {(int(a), int(b)) for a, b in zip(owner, truth, strict=True)}
    assert len(pairs) == 5, "each clump is one cluster"


def test_it_ends_at_a_fixed_point() -> None:
    torch.manual_seed(1)
    rows = torch.randn(300, 4)
    owner, centres = kmeans(rows, 7, seed=3, rounds=500)
    distances = torch.cdist(rows.double(), centres)
    torch.testing.assert_close(distances.gather(1, owner[:, None])[:, 0], distances.min(1).values)
    means = torch.stack([rows[owner == c].double().mean(0) for c in range(7)])
    torch.testing.assert_close(means, centres)


def test_one_seed_one_result() -> None:
    rows = torch.randn(100, 4)
    one, two, other = (kmeans(rows, 6, seed=seed)[1] for seed in (0, 0, 1))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_equal_rows_do_no_harm() -> None:
    owner, centres = kmeans(torch.ones(10, 2), 3, seed=0)
    assert len(set(owner.tolist())) == 1
    assert centres.isfinite().all()


@pytest.mark.parametrize("clusters", [0, 11])
def test_impossible_numbers_are_refused(clusters: int) -> None:
    with pytest.raises(ValueError, match=f"{clusters} clusters of 10 rows"):
        kmeans(torch.randn(10, 2), clusters, seed=0)
