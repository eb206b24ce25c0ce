"""UniSRec's adapters against loops over experts, and the fixed map against its definition."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from foretaste.models.unisrec import Standard, StandardAdapter, Sum, WhiteningExperts
from foretaste.nn.adapters import Adapter
from foretaste.nn.items import IdTable

WIDTH, DIM = 6, 4


def texts(rows: int = 200) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    skew = torch.randn(WIDTH, WIDTH, generator=generator)
    return F.normalize(torch.randn(rows, WIDTH, generator=generator) @ skew + 2.0, dim=1)


@pytest.mark.parametrize("kind", ["none", "pca", "zca"])
def test_the_fixed_map_gives_unit_variance(kind: str) -> None:
    found = Standard(WIDTH, WIDTH, kind).fit(texts())(texts())
    torch.testing.assert_close(found.mean(0), torch.zeros(WIDTH), atol=1e-5, rtol=0)
    assert float(found.square().mean()) == pytest.approx(1.0, rel=1e-4)
    covariance = found.T.cov()
    if kind == "none":
        assert float(covariance.fill_diagonal_(0).abs().max()) > 0.05
    else:
        torch.testing.assert_close(covariance, torch.eye(WIDTH), atol=0.02, rtol=0)


def test_what_was_fitted_is_saved_for_items_that_come_later() -> None:
    fitted, later = Standard(WIDTH, 3, "pca").fit(texts()), texts(220)[200:]
    again = Standard(WIDTH, 3, "pca")
    again.load_state_dict(fitted.state_dict())
    torch.testing.assert_close(again(later), fitted(later))


@pytest.mark.parametrize("kind", ["none", "pca", "zca"])
@pytest.mark.parametrize("inner", [(), (5,)])
def test_one_product_is_the_map_and_then_the_adapter(kind: str, inner: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    standard, adapter = Standard(WIDTH, WIDTH, kind).fit(texts()), Adapter((WIDTH, *inner, DIM))
    found, wanted = StandardAdapter(standard, adapter)(texts()), adapter(standard(texts()))
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
    weights = list(adapter.parameters())
    for mine, theirs in zip(
        torch.autograd.grad(found.sin().sum(), weights), torch.autograd.grad(wanted.sin().sum(), weights), strict=True
    ):
        torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=1e-3)


def test_experts_are_the_loop() -> None:
    torch.manual_seed(0)
    experts = WhiteningExperts(WIDTH, DIM, experts=3, dropout=0.5, std=0.1).eval()
    with torch.no_grad():
        for weight in experts.parameters():
            weight.normal_()
    x = texts(7)
    gates = (x @ experts.gate).softmax(-1)
    wanted = sum(gates[:, e, None] * ((x - experts.shift[e]) @ experts.weight[:, e]) for e in range(3))
    torch.testing.assert_close(experts(x), wanted)
    torch.testing.assert_close(experts(x.view(7, 1, WIDTH))[:, 0], experts(x))


def test_the_gate_is_noisy_only_in_training() -> None:
    torch.manual_seed(0)
    experts = WhiteningExperts(WIDTH, DIM, experts=4, dropout=0.0, std=0.1)
    x = texts(500)
    noisy = experts.gates(x)
    torch.testing.assert_close(noisy.sum(-1), torch.ones(500))
    # Without weights the noise of a logit has standard deviation softplus(0) + .01.
    spread = (noisy.log() - noisy.log().mean(-1, keepdim=True)).square().sum(-1).mean() / 3
    assert float(spread.detach()) == pytest.approx((F.softplus(torch.zeros(())).item() + 0.01) ** 2, rel=0.1)
    torch.testing.assert_close(experts.eval().gates(x), torch.full((500, 4), 0.25))


@pytest.mark.parametrize("experts", [1, 8])
def test_item_vectors_start_at_the_scale_asked_for(experts: int) -> None:
    torch.manual_seed(0)
    x = Standard(64, 64, "none").fit(torch.randn(3000, 64))(torch.randn(3000, 64))
    found = WhiteningExperts(64, 32, experts=experts, dropout=0.0, std=0.05).eval()(x)
    assert float(found.std().detach()) == pytest.approx(0.05, rel=0.1)


def test_a_sum_of_two_representations() -> None:
    first, second, ids = IdTable(9, DIM), IdTable(9, DIM), torch.tensor([[1, 8], [0, 1]])
    both = Sum(first, second)
    torch.testing.assert_close(both(ids), first(ids) + second(ids))
    torch.testing.assert_close(both.table(), first.weight + second.weight)
