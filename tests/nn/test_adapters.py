"""Adapters: what is folded computes the same, and learns the same, as layer after layer."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from foretaste.nn.adapters import ACTIVATIONS, Adapter


def layer_after_layer(adapter: Adapter, x: Tensor) -> Tensor:
    for number, layer in enumerate(adapter.layers):
        x = nn.functional.linear(
            adapter.activation(x) if number and adapter.activation else x, layer.weight, layer.bias
        )
    return x


@pytest.mark.parametrize("widths", [(7, 3), (7, 5, 3), (7, 5, 4, 3)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_adapter_is_its_layers(widths: tuple[int, ...], activation: str) -> None:
    torch.manual_seed(0)
    adapter, x = Adapter(widths, activation=activation), torch.randn(2, 6, 7)
    found, wanted = adapter(x), layer_after_layer(adapter, x)
    assert found.shape == (2, 6, 3)
    torch.testing.assert_close(found, wanted)
    weights = list(adapter.parameters())
    goal = torch.randn_like(found)
    torch.testing.assert_close(
        torch.autograd.grad((found * goal).sum(), weights), torch.autograd.grad((wanted * goal).sum(), weights)
    )


def test_folding_gives_one_layer() -> None:
    torch.manual_seed(0)
    adapter, x = Adapter((7, 5, 4, 3)), torch.randn(9, 7)
    weight, bias = adapter.folded()
    assert (weight.shape, bias.shape) == ((3, 7), (3,))
    torch.testing.assert_close(x @ weight.T + bias, layer_after_layer(adapter, x))


def test_an_activation_is_not_folded_away() -> None:
    with pytest.raises(ValueError, match="cannot be folded"):
        Adapter((7, 5, 3), activation="gelu").folded()
