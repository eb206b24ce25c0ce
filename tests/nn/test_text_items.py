"""Item vectors from text: every path to a vector gives the same vector and gradient, and none is made twice a step."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.unisrec import Standard, StandardAdapter
from foretaste.nn.adapters import Adapter
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.growth import NewItems
from foretaste.nn.items import IdTable
from foretaste.nn.losses.softmax import SoftmaxLoss
from foretaste.nn.text_items import TextTable, Views

ITEMS, WIDTH, DIM = 40, 7, 3


class Counting(nn.Module):
    """An adapter that notes how many rows it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Adapter((WIDTH, 5, DIM))
        self.rows: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.rows.append(len(x))
        adapted: Tensor = self.inner(x)
        return adapted


@pytest.fixture
def table() -> TextTable:
    torch.manual_seed(0)
    return TextTable(torch.randn(ITEMS, WIDTH), Counting(), DIM)


def rows_of(table: TextTable) -> list[int]:
    assert isinstance(table.adapter, Counting)
    return table.adapter.rows


FEW = torch.tensor([[3, 3, 17], [0, 39, 3]])
MANY = torch.randint(ITEMS, (6, 11), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("ids", [FEW, MANY])
def test_both_paths_give_the_rows_of_the_table_and_their_gradients(table: TextTable, ids: Tensor) -> None:
    weights = list(table.parameters())
    goal = torch.randn(*ids.shape, DIM)
    alone, whole = table(ids), table.table()[ids]
    assert alone.shape == (*ids.shape, DIM)
    torch.testing.assert_close(alone, whole)
    torch.testing.assert_close(
        torch.autograd.grad((alone * goal).sum(), weights), torch.autograd.grad((whole * goal).sum(), weights)
    )


def test_few_items_are_adapted_alone_and_each_once(table: TextTable) -> None:
    table(FEW)
    table(MANY)
    assert rows_of(table) == [len(FEW.unique()), ITEMS]


def test_within_once_nothing_is_made_twice_also_when_nested(table: TextTable) -> None:
    with table.once():
        first = table.table()
        with table.once():
            assert table.table() is first
        assert table.table() is first
        torch.testing.assert_close(table(FEW), first[FEW])
        table(MANY)
    assert rows_of(table) == [ITEMS]
    table.table()
    assert rows_of(table) == [ITEMS, ITEMS], "nothing is kept for the next step"


def test_an_error_within_once_leaves_nothing_behind(table: TextTable) -> None:
    def fail() -> None:
        with table.once():
            table.table()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with torch.no_grad():
        table.adapter.inner.layers[0].weight.zero_()  # type: ignore[union-attr]
        assert table.table().std(0).max() < 1e-6


def test_gradients_within_once_are_those_without(table: TextTable) -> None:
    weights = list(table.parameters())

    def step() -> Tensor:
        return (
            table(MANY).square().sum() + (table.table() @ torch.ones(DIM)).logsumexp(0) + table(FEW).sin().sum()
        ).sum()

    without = torch.autograd.grad(step(), weights)
    with table.once():
        within = torch.autograd.grad(step(), weights)
    torch.testing.assert_close(within, without)


def test_frozen_vectors_stay_and_others_learn() -> None:
    vectors = torch.randn(ITEMS, WIDTH)
    for frozen in (True, False):
        table = TextTable(vectors, Adapter((WIDTH, DIM)), DIM, frozen=frozen)
        optimizer = torch.optim.SGD(table.parameters(), lr=0.1)
        table(FEW).square().sum().backward()
        optimizer.step()
        moved = (table.vectors != vectors).any(1).nonzero()[:, 0].tolist()
        assert moved == ([] if frozen else FEW.unique().tolist())
        assert "vectors" in table.state_dict()


def test_vectors_are_copied() -> None:
    vectors = torch.randn(ITEMS, DIM)
    table = TextTable(vectors, None, DIM)
    kept = vectors.clone()
    vectors.zero_()
    torch.testing.assert_close(table(FEW), kept[FEW])
    torch.testing.assert_close(table.table(), kept)


def test_views_stand_side_by_side_and_scores_are_sums(table: TextTable) -> None:
    ids = IdTable(ITEMS, 4)
    views = Views([ids, table])
    assert (views.num_items, views.dim) == (ITEMS, 4 + DIM)
    torch.testing.assert_close(views(FEW), torch.cat([ids(FEW), table(FEW)], dim=-1))
    state = torch.randn(5, 4 + DIM)
    torch.testing.assert_close(state @ views.table().T, state[:, :4] @ ids.table().T + state[:, 4:] @ table.table().T)


def test_views_pass_once_on(table: TextTable) -> None:
    views = Views([IdTable(ITEMS, 4), table])
    with views.once():
        views.table()
        views(MANY)
        views.table()
    assert rows_of(table) == [ITEMS]


def test_a_table_made_without_gradients_is_not_kept_for_a_step_that_wants_them(table: TextTable) -> None:
    with table.once():
        with torch.no_grad():
            table.table()
            table(MANY)
        assert rows_of(table) == [ITEMS]
        assert table.table().requires_grad
        with torch.no_grad():
            table.table()
    assert rows_of(table) == [ITEMS, ITEMS]


class CountingStandard(Standard):
    """A fixed map that notes how often it was applied."""

    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(x)


@pytest.mark.parametrize("inner", [Adapter((WIDTH, 5, DIM)), nn.Sequential(nn.Linear(WIDTH, DIM), nn.Tanh())])
def test_a_fixed_map_is_applied_once_in_training_and_gives_what_scoring_gives(inner: nn.Module) -> None:
    vectors = torch.randn(ITEMS, WIDTH) * torch.arange(1.0, WIDTH + 1)
    standard = CountingStandard(WIDTH, WIDTH, "pca")
    standard.fit(vectors)
    table = TextTable(vectors, StandardAdapter(standard, inner), DIM).train()
    weights = list(inner.parameters())
    for _ in range(3):
        few, whole = table(FEW), table.table()
    assert standard.calls == 1
    torch.testing.assert_close(few, whole[FEW], atol=1e-5, rtol=1e-4)
    learnt = torch.autograd.grad(whole.square().sum(), weights)
    table.eval()
    torch.testing.assert_close(table.table(), whole, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(torch.autograd.grad(table.table().square().sum(), weights), learnt, atol=1e-3, rtol=1e-3)
    assert "_read" not in table.state_dict()


def test_what_the_fixed_map_gave_is_forgotten_when_map_or_catalogue_change() -> None:
    def make(seed: int) -> TextTable:
        torch.manual_seed(seed)
        vectors = torch.randn(ITEMS, WIDTH)
        adapter = StandardAdapter(Standard(WIDTH, WIDTH, "pca").fit(vectors), Adapter((WIDTH, DIM)))
        return TextTable(vectors, adapter, DIM).train()

    with torch.no_grad():
        table, other = make(0), make(1)
        table.table()
        table.load_state_dict(other.state_dict())
        torch.testing.assert_close(table.table(), other.table())
        table.grow(NewItems.of(torch.randn(2, WIDTH), table.vectors, neighbours=1))
        assert len(table.table()) == ITEMS + 2


def test_a_model_with_a_loss_over_all_items_adapts_once_a_step(table: TextTable) -> None:
    model = backbone(BackboneConfig(dim=DIM, heads=1, inner=4), table, SoftmaxLoss())
    batch = SequenceBatch(FEW, torch.tensor([3, 2]), torch.tensor([0, 1]))
    model(batch).backward()
    assert rows_of(table) == [ITEMS]


def views_of(*texts: Tensor) -> Views:
    """Two or more text tables of a catalogue side by side, each behind an adapter of its own."""
    tables = [TextTable(text, Adapter([text.shape[1], 5, 3]), 3) for text in texts]
    return Views([IdTable(len(texts[0]), 3), *tables])


def alone(views: Views) -> Tensor:
    return torch.cat([view.table() for view in views.views], dim=-1)


def products_of_text(views: Views, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Tensor]:
    """How often the text is multiplied while the table is made, and the table."""
    seen, plain = [], torch.nn.functional.linear

    def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        seen.append(x.shape)
        return plain(x, weight, bias)

    monkeypatch.setattr(torch.nn.functional, "linear", linear)
    with views.once():
        table = views.table()
        assert views.table() is table
        torch.testing.assert_close(views(torch.tensor([[3, 0]])), table[[3, 0]][None])
    monkeypatch.undo()
    return len(seen), table


def test_views_of_one_text_are_adapted_in_one_product(monkeypatch: pytest.MonkeyPatch) -> None:
    text = torch.randn(9, 7)
    views = views_of(text, text)
    count, table = products_of_text(views, monkeypatch)
    assert count == 1
    torch.testing.assert_close(table, alone(views))
    weights = list(views.parameters())
    for ours, theirs in zip(
        torch.autograd.grad(table.square().sum(), weights),
        torch.autograd.grad(alone(views).square().sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


def test_views_of_other_texts_are_adapted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    text, other = torch.randn(9, 7), torch.randn(9, 7)
    same, mixed = views_of(text, text), views_of(text, other)
    assert products_of_text(same, monkeypatch)[0] == 1
    same.load_state_dict(mixed.state_dict())  # what was the same text before need not be it now
    count, table = products_of_text(same, monkeypatch)
    assert count == 2
    torch.testing.assert_close(table, alone(mixed))


def test_views_made_without_gradients_are_not_kept_for_a_step() -> None:
    views = views_of(torch.randn(9, 7), torch.randn(9, 7))
    with views.once():
        with torch.no_grad():
            views.table()
        assert views.table().requires_grad
