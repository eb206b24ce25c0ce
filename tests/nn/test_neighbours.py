"""Blocked search for neighbours against sorting the whole matrix of cosines."""

import pytest
import torch

from foretaste.nn.neighbours import nearest_neighbours


def _brute(vectors, count, candidates):
    unit = torch.nn.functional.normalize(vectors.double(), dim=1)
    cosines = unit @ unit.T
    cosines.fill_diagonal_(-torch.inf)
    cosines[:, ~candidates] = -torch.inf
    return cosines.argsort(dim=1, descending=True)[:, :count]


@pytest.mark.parametrize("cells", [1, 250, 10_000])
@pytest.mark.parametrize("share", [1.0, 0.6])
def test_blocks_find_what_brute_force_finds(cells, share):
    torch.manual_seed(0)
    vectors = torch.randn(120, 16) * torch.rand(120, 1) * 50
    candidates = torch.rand(120) <= share
    found = nearest_neighbours(vectors, 7, candidates=candidates, cells=cells)
    assert found.equal(_brute(vectors, 7, candidates))


def test_nobody_is_his_own_neighbour_even_among_duplicates():
    vectors = torch.randn(5, 8, generator=torch.Generator().manual_seed(1)).repeat(6, 1)
    found = nearest_neighbours(vectors, 5, cells=64)
    assert not (found == torch.arange(30)[:, None]).any()
    assert (found % 5 == torch.arange(30)[:, None] % 5).all(), "the five twins are the nearest five"
    assert all(len(set(row)) == 5 for row in found.tolist())


def test_who_is_no_candidate_has_neighbours_but_is_none():
    vectors = torch.randn(9, 4, generator=torch.Generator().manual_seed(2))
    candidates = torch.tensor([True, False, True] * 3)
    found = nearest_neighbours(vectors, 100, candidates=candidates)
    assert found.shape == (9, 5), "as many as every row can have"
    assert set(found.flatten().tolist()) == {0, 2, 3, 5, 6, 8}


def test_progress_and_too_few_candidates():
    told = []
    nearest_neighbours(torch.randn(10, 3), 2, cells=40, progress=told.append)
    assert told == [4, 8, 10]
    with pytest.raises(ValueError, match="two candidates"):
        nearest_neighbours(torch.randn(3, 2), 2, candidates=torch.tensor([True, False, False]))
