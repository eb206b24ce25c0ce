"""Tables grow: old rows stay as they are, new ones are what a loop over neighbours says."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from foretaste.nn.adapters import Adapter
from foretaste.nn.growth import NewItems, grow
from foretaste.nn.items import IdTable
from foretaste.nn.text_items import TextTable, Views


@pytest.fixture
def parts() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(12, 5), torch.randn(3, 5)


@pytest.mark.parametrize("neighbours", [1, 4, 50])
def test_borrowed_rows_are_means_over_the_nearest(parts: tuple[torch.Tensor, torch.Tensor], neighbours: int) -> None:
    known, text = parts
    table = torch.randn(12, 2)
    found = NewItems.of(text, known, neighbours=neighbours).borrowed(table)
    for row, vector in enumerate(text):
        cosines = [float(F.cosine_similarity(vector, other, dim=0)) for other in known]
        nearest = sorted(range(12), key=lambda i: -cosines[i])[:neighbours]
        mean, length = table[nearest].mean(0), sum(table[i].norm() for i in nearest) / len(nearest)
        torch.testing.assert_close(found[row], mean / mean.norm() * length)
    assert not NewItems.of(text, known, neighbours=4, borrow=False).borrowed(table).any()


@pytest.mark.parametrize("frozen", [True, False])
def test_every_table_of_a_network_grows_and_keeps_its_rows(
    parts: tuple[torch.Tensor, torch.Tensor], frozen: bool
) -> None:
    known, text = parts
    items = Views([IdTable(12, 2), TextTable(known, Adapter([5, 3]), 3, frozen=frozen)])
    before = items.table().detach().clone()
    grow(items, new := NewItems.of(text, known, neighbours=3))
    after = items.table()
    assert after.shape == (15, 5)
    assert torch.equal(after[:12], before)
    torch.testing.assert_close(after[12:, :2], new.borrowed(before[:, :2]))
    torch.testing.assert_close(after[12:, 2:], items.views[1].adapter(text))  # type: ignore[operator, union-attr]
    torch.testing.assert_close(items(torch.tensor([[14, 0]])), after[[14, 0]][None])
    assert [view.num_items for view in items.views] == [15, 15]
    assert items.num_items == 15
    assert isinstance(items.views[1].vectors, torch.nn.Parameter) != frozen
