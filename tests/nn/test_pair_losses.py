"""BPR and InfoNCE against their formulas and closed-form gradients, and the search for known items."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from foretaste.nn.collisions import collisions
from foretaste.nn.items import IdTable
from foretaste.nn.losses import infonce as infonce_module
from foretaste.nn.losses.bpr import BPRLoss, bpr
from foretaste.nn.losses.infonce import InfoNCELoss, infonce
from foretaste.nn.membership import Membership
from foretaste.nn.negatives import NegativeSampler


class Fixed(NegativeSampler):
    """Draws what it is told."""

    def __init__(self, drawn: Tensor, known: Membership | None, num_items: int) -> None:
        super().__init__("uniform", num_items, known=known)
        self.given = drawn

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        return self.given


def test_bpr_is_its_formula() -> None:
    right, wrong = torch.tensor([1.0, -0.5]), torch.tensor([[0.5, 2.0], [0.0, -1.0]])
    pairs = [(1.0, 0.5), (1.0, 2.0), (-0.5, 0.0), (-0.5, -1.0)]
    expected = sum(-math.log(1 / (1 + math.exp(-(r - w)))) for r, w in pairs) / 4
    assert math.isclose(float(bpr(right, wrong)), expected, rel_tol=1e-6)


def test_bpr_gradient_is_the_sigmoid() -> None:
    torch.manual_seed(0)
    right, wrong = torch.randn(4, requires_grad=True), torch.randn(4, 3, requires_grad=True)
    bpr(right, wrong).backward()
    share = torch.sigmoid(wrong.detach() - right.detach()[:, None]) / 12
    torch.testing.assert_close(wrong.grad, share)
    torch.testing.assert_close(right.grad, -share.sum(1))


def test_bpr_stays_finite_far_out() -> None:
    right = torch.tensor([-1e4], requires_grad=True)
    loss = bpr(right, torch.tensor([[1e4]]))
    loss.backward()
    assert float(loss.detach()) == 2e4
    assert right.grad is not None
    assert float(right.grad) == -1.0


@pytest.mark.parametrize("chunk", [1, 3, 256])
def test_infonce_is_cross_entropy_with_its_gradients(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infonce_module, "CHUNK", chunk)
    torch.manual_seed(0)
    parts = [torch.randn(n, 3, dtype=torch.float64, requires_grad=True) for n in (7, 7, 5)]
    rows, columns = torch.tensor([0, 2, 2, 6]), torch.tensor([4, 0, 3, 1])
    states, targets, negatives = parts
    logits = torch.cat([(states * targets).sum(1, keepdim=True), states @ negatives.T], 1)
    hidden = torch.zeros(7, 6, dtype=torch.bool)
    hidden[rows, columns + 1] = True
    expected = F.cross_entropy(logits.masked_fill(hidden, -torch.inf), torch.zeros(7, dtype=torch.int64))
    found = infonce(states, targets, negatives, (rows, columns))
    torch.testing.assert_close(found, expected)
    wanted = torch.autograd.grad(3 * expected, parts)
    for ours, theirs in zip(torch.autograd.grad(3 * found, parts), wanted, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_infonce_without_any_negative_left_is_zero() -> None:
    states = torch.randn(1, 3, requires_grad=True)
    loss = infonce(states, torch.randn(1, 3), torch.randn(2, 3), (torch.tensor([0, 0]), torch.tensor([0, 1])))
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert (states.grad == 0).all()


def test_infonce_loss_compares_directions_and_leaves_out_known_items() -> None:
    torch.manual_seed(0)
    items = IdTable(6, 4, std=1.0)
    known = Membership(torch.tensor([0, 0, 1]), torch.tensor([2, 3, 5]), 6)
    drawn, targets, users = torch.tensor([3, 0, 5, 3]), torch.tensor([2, 5]), torch.tensor([0, 1])
    loss = InfoNCELoss(Fixed(drawn, known, 6), negatives=4, temperature=0.2)
    states = torch.randn(2, 4)
    cosine = torch.nn.functional.cosine_similarity(states[:, None], items.table()[None], dim=-1) / 0.2
    allowed = [[0, 5], [3, 0, 3]]
    expected = torch.stack(
        [torch.logsumexp(cosine[n, [int(targets[n]), *allowed[n]]], 0) - cosine[n, targets[n]] for n in range(2)]
    ).mean()
    torch.testing.assert_close(loss(states, targets, users, items), expected)
    torch.testing.assert_close(loss(states * 7, targets, users, items), expected)


def test_bpr_loss_never_draws_an_item_of_the_user() -> None:
    torch.manual_seed(0)
    items = IdTable(4, 2)
    with torch.no_grad():
        items.weight.copy_(torch.tensor([[0.0, 0.0], [0.0, 0.0], [1e3, 0.0], [0.0, 0.0]]))
    known = Membership(torch.zeros(2, dtype=torch.int64), torch.tensor([1, 2]), 4)
    loss = BPRLoss(NegativeSampler("uniform", 4, known=known), negatives=50)
    states, users = torch.tensor([[1.0, 0.0]]), torch.tensor([0])
    found = loss(states, torch.tensor([1]), users, items).detach()
    assert math.isclose(float(found), math.log(2), rel_tol=1e-6)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), max_size=30),
    st.lists(st.integers(0, 5), min_size=1, max_size=8),
    st.lists(st.integers(0, 8), min_size=1, max_size=12),
)
@settings(max_examples=100, deadline=None)
def test_collisions_are_those_found_by_asking_for_every_pair(
    pairs: list[tuple[int, int]], users: list[int], drawn: list[int]
) -> None:
    columns = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
    known = Membership(columns[:, 0], columns[:, 1], 9)
    rows, places = collisions(known, torch.tensor(users), torch.tensor(drawn))
    found = sorted(zip(rows.tolist(), places.tolist(), strict=True))
    expected = [(n, k) for n, u in enumerate(users) for k, i in enumerate(drawn) if (u, i) in set(pairs)]
    assert found == expected
    assert rows.tolist() == sorted(rows.tolist())
