"""Draws without replacement: distinct, in range, every subset as likely as any other."""

from collections import Counter
from itertools import combinations

import torch

from foretaste.nn.draws import draw_distinct, draw_sizes


def test_drawn_numbers_are_distinct_and_in_range():
    torch.manual_seed(0)
    totals = torch.randint(1, 12, (300,))
    sizes = draw_sizes(totals.clamp_max(7))
    drawn, counts = draw_distinct(totals, sizes)
    assert counts.sum(1).tolist() == sizes.tolist()
    for row, real, total in zip(drawn, counts, totals, strict=True):
        numbers = row[real].tolist()
        assert len(set(numbers)) == len(numbers)
        assert all(0 <= number < total for number in numbers)


def test_all_subsets_are_equally_likely():
    torch.manual_seed(0)
    trials = 20_000
    drawn, counts = draw_distinct(torch.full((trials,), 5), torch.full((trials,), 3))
    assert counts.all()
    seen = Counter(tuple(sorted(row)) for row in drawn.tolist())
    assert set(seen) == set(combinations(range(5), 3))
    expected = trials / 10
    assert sum((n - expected) ** 2 / expected for n in seen.values()) < 27.9  # chi-square, 9 degrees, p = .001


def test_sizes_are_uniform_from_one_to_the_most():
    torch.manual_seed(0)
    sizes = draw_sizes(torch.full((30_000,), 4))
    shares = torch.bincount(sizes, minlength=5) / len(sizes)
    torch.testing.assert_close(shares, torch.tensor([0.0, 0.25, 0.25, 0.25, 0.25]), atol=0.02, rtol=0)
    assert draw_sizes(torch.ones(100, dtype=torch.int64)).eq(1).all()
