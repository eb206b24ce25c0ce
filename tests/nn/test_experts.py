"""KAR's adaptor against the sum over its experts."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from foretaste.nn.experts import HybridExperts

HIDDEN, DIM = 4, 3


@pytest.mark.parametrize("shared", [1, 2])
@pytest.mark.parametrize("side", [0, 1])
def test_it_is_the_gated_sum_over_shared_and_own_experts(shared: int, side: int) -> None:
    torch.manual_seed(0)
    experts = HybridExperts(5, DIM, hidden=HIDDEN, shared=shared, own=3)
    for bias in (experts.common_bias, experts.private_bias):
        torch.nn.init.normal_(bias)
    texts = torch.randn(7, 5)
    gate = torch.softmax(experts.gates[side](texts), dim=1)
    expected = torch.zeros(7, DIM)
    for number in range(shared + 3):
        layer = experts.common if number < shared else experts.private[side]
        place = number if number < shared else number - shared
        rows = slice(place * HIDDEN, (place + 1) * HIDDEN)
        inner = F.relu(F.linear(texts, layer.weight[rows], layer.bias[rows]))
        out = experts.common_out[place] if number < shared else experts.private_out[side, place]
        bias = experts.common_bias[place] if number < shared else experts.private_bias[side, place]
        expected = expected + gate[:, number, None] * (inner @ out + bias)
    torch.testing.assert_close(experts(texts, side), expected)


def test_own_experts_learn_from_their_side_alone() -> None:
    torch.manual_seed(0)
    experts = HybridExperts(5, DIM, hidden=HIDDEN, shared=1, own=2)
    experts(torch.randn(4, 5), 1).sum().backward()
    assert experts.private[0].weight.grad is None
    assert (experts.private_out.grad[0] == 0).all()
    assert (experts.private_out.grad[1] != 0).any()
    assert (experts.common.weight.grad != 0).any()
