"""Cross-attention against a plain spelling of it; what each place may see; one encoder for both views."""

import pytest
import torch

from foretaste.nn.cross_attention import CrossAttention, DualViewEncoder
from foretaste.nn.recurrent import GRUEncoder
from foretaste.nn.transformer import TransformerEncoder

DIM = 8


def _transformer(causal=True):
    return TransformerEncoder(DIM, layers=2, heads=2, inner=16, max_len=9, dropout=0.0, causal=causal)


ENCODERS = {
    "causal transformer": (_transformer, True),
    "bidirectional transformer": (lambda: _transformer(False), False),
    "gru": (lambda: GRUEncoder(DIM, hidden=12, layers=1, dropout=0.0), True),
}


def _dual(name, **keys):
    make, causal = ENCODERS[name]
    return DualViewEncoder(make(), DIM, causal=causal, **keys).eval()


def _naive(layer, asking, view, lengths, causal):
    """One row, one place, one head at a time."""
    out = torch.zeros_like(view)
    q, k, v = layer.query(asking), layer.key(view), layer.value(view)
    size = DIM // layer.heads
    for row, length in enumerate(lengths.tolist()):
        for place in range(length):
            seen = place + 1 if causal else length
            parts = []
            for head in range(layer.heads):
                cut = slice(head * size, (head + 1) * size)
                weights = (k[row, :seen, cut] @ q[row, place, cut] / size**0.5).softmax(0)
                parts.append(weights @ v[row, :seen, cut])
            out[row, place] = layer.out(torch.cat(parts))
    return out


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("residual", [True, False])
def test_it_computes_what_the_paper_writes(causal, residual):
    torch.manual_seed(0)
    layer = CrossAttention(DIM, 2, residual=residual)
    asking, view, lengths = torch.randn(3, 5, DIM), torch.randn(3, 5, DIM), torch.tensor([5, 2, 4])
    real = torch.arange(5) < lengths[:, None]
    found = layer(asking, view, None if causal else real[:, None, None], causal)
    wanted = _naive(layer, asking, view, lengths, causal) + (view if residual else 0)
    torch.testing.assert_close(found[real], wanted[real], atol=1e-5, rtol=1e-4)
    assert [p.shape for p in (layer.query, layer.key, layer.value) if p.bias is not None] == []


@pytest.mark.parametrize("name", ["causal transformer", "gru"])
@pytest.mark.parametrize("heads", [0, 2])
@pytest.mark.parametrize("half", [slice(0, DIM), slice(DIM, 2 * DIM)], ids=["collaborative", "semantic"])
def test_the_future_never_moves_the_past(name, heads, half):
    torch.manual_seed(0)
    model, lengths = _dual(name, heads=heads), torch.tensor([7, 7])
    x = torch.randn(2, 7, 2 * DIM)
    # Distances from the recent end are the same in both: only what stands at places 4 to 6 differs.
    other = x.clone()
    other[:, 4:, half] = torch.randn(2, 3, DIM)
    before, after = model(x, lengths), model(other, lengths)
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_without_a_causal_mask_the_future_does_leak_through_cross_attention():
    torch.manual_seed(0)
    model = DualViewEncoder(_transformer(), DIM, causal=False).eval()
    x, lengths = torch.randn(1, 6, 2 * DIM), torch.tensor([6])
    other = x.clone()
    other[:, 5] += 1
    assert not torch.allclose(model(x, lengths)[:, :5], model(other, lengths)[:, :5])


@pytest.mark.parametrize("name", ENCODERS)
def test_padding_never_enters_a_state(name):
    torch.manual_seed(0)
    model = _dual(name)
    x, lengths = torch.randn(3, 4, 2 * DIM), torch.tensor([4, 2, 3])
    noise = torch.randn(3, 9, 2 * DIM)
    noise[:, :4] = torch.where((torch.arange(4) < lengths[:, None])[:, :, None], x, noise[:, :4])
    real = torch.arange(4) < lengths[:, None]
    torch.testing.assert_close(model(x, lengths)[real], model(noise, lengths)[:, :4][real], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ENCODERS)
def test_alone_each_view_goes_through_the_same_encoder(name):
    torch.manual_seed(0)
    model = _dual(name, heads=0)
    x, lengths = torch.randn(3, 4, 2 * DIM), torch.tensor([4, 2, 3])
    real = torch.arange(4) < lengths[:, None]
    wanted = torch.cat([model.encoder(view, lengths) for view in (x[..., :DIM], x[..., DIM:])], dim=-1)
    torch.testing.assert_close(model(x, lengths)[real], wanted[real], atol=1e-5, rtol=1e-4)


def test_two_encoders_read_a_view_each():
    torch.manual_seed(0)
    first, second = _transformer(), _transformer()
    model = DualViewEncoder(first, DIM, semantic_encoder=second, heads=0).eval()
    x, lengths = torch.randn(2, 4, 2 * DIM), torch.tensor([4, 4])
    wanted = torch.cat([first(x[..., :DIM], lengths), second(x[..., DIM:], lengths)], dim=-1)
    torch.testing.assert_close(model(x, lengths), wanted)
    alone = DualViewEncoder(first, DIM, heads=0)
    assert sum(p.numel() for p in model.parameters()) == 2 * sum(p.numel() for p in alone.parameters())
