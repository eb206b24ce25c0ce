"""The short way to the newest state gives what the long way gives, values and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from foretaste.nn.cross_attention import DualViewEncoder
from foretaste.nn.newest import ReadsNewest, at_newest, newest_state
from foretaste.nn.recurrent import GRUEncoder
from foretaste.nn.towers import Towers
from foretaste.nn.transformer import TransformerEncoder

LENGTHS = torch.tensor([1, 4, 7, 2])


def transformer(*, causal: bool = True, layers: int = 2, query_norm: bool = False) -> TransformerEncoder:
    return TransformerEncoder(
        8, layers=layers, heads=2, inner=16, max_len=7, dropout=0.5, causal=causal, query_norm=query_norm
    )


def encoders() -> dict[str, tuple[nn.Module, int]]:
    torch.manual_seed(0)
    return {
        "causal": (transformer(), 8),
        "one block": (transformer(layers=1), 8),
        "no block": (transformer(layers=0), 8),
        "both ways": (transformer(causal=False), 8),
        "as released": (transformer(query_norm=True), 8),
        "two views": (DualViewEncoder(transformer(), 8), 16),
        "two views, two encoders": (DualViewEncoder(transformer(), 8, semantic_encoder=transformer()), 16),
        "two views of a GRU": (DualViewEncoder(GRUEncoder(8, layers=1, hidden=8, dropout=0.5), 8), 16),
        "towers": (Towers([transformer(), transformer(layers=1)]), 16),
    }


@pytest.mark.parametrize("name", list(encoders()))
def test_it_is_the_state_at_the_newest_place(name: str) -> None:
    encoder, width = encoders()[name]
    encoder.eval()
    x = torch.randn(4, 7, width, requires_grad=True)
    assert isinstance(encoder, ReadsNewest)
    short, long = newest_state(encoder, x, LENGTHS), at_newest(encoder(x, LENGTHS), LENGTHS)
    assert short.shape == (4, width)
    torch.testing.assert_close(short, long, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(gradient(short, x), gradient(long, x), atol=1e-5, rtol=1e-4)


def gradient(states: Tensor, x: Tensor) -> Tensor:
    """Of something that weighs every number differently."""
    weights = torch.linspace(-1, 1, states.numel()).view(states.shape)
    return torch.autograd.grad((states * weights).sum(), x, retain_graph=True)[0]


def test_an_encoder_without_a_short_way_is_read_whole() -> None:
    encoder = GRUEncoder(8, layers=1, hidden=8, dropout=0.0)
    assert not isinstance(encoder, ReadsNewest)
    x = torch.randn(4, 7, 8)
    torch.testing.assert_close(newest_state(encoder, x, LENGTHS), at_newest(encoder(x, LENGTHS), LENGTHS))


def test_dropout_works_on_the_short_way() -> None:
    encoder, x = transformer(layers=1).train(), torch.randn(4, 7, 8)
    assert not torch.equal(newest_state(encoder, x, LENGTHS), newest_state(encoder, x, LENGTHS))
