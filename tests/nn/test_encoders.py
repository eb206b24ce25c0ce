"""Causality, padding and position: properties that every encoder must have."""

import pytest
import torch

from foretaste.nn.convolution import ConvolutionEncoder
from foretaste.nn.dropout import Dropout
from foretaste.nn.query_norm import QueryNormBlock
from foretaste.nn.recurrent import GRUEncoder
from foretaste.nn.transformer import TransformerEncoder, recent_positions


def _transformer(causal, dropout=0.0):
    torch.manual_seed(0)
    return TransformerEncoder(16, layers=2, heads=2, inner=32, max_len=12, dropout=dropout, causal=causal)


def _convolutions(dim=16, window=4):
    torch.manual_seed(0)
    return ConvolutionEncoder(dim, window=window, horizontal=3, vertical=2, hidden=12, dropout=0.0)


def _encoders():
    return {
        "sasrec": _transformer(True),
        "bert4rec": _transformer(False),
        "gru4rec": GRUEncoder(16, hidden=24, layers=2, dropout=0.0),
        "caser": _convolutions(),
    }


@pytest.mark.parametrize("name", ["sasrec", "gru4rec", "caser"])
@pytest.mark.parametrize("training", [False, True])
def test_the_future_does_not_move_the_past(name, training):
    encoder = _encoders()[name].train(training)
    x, lengths = torch.randn(3, 9, 16), torch.full((3,), 9)
    changed = x.clone()
    changed[:, 5:] = torch.randn(3, 4, 16)
    before, after = encoder(x, lengths), encoder(changed, lengths)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5:], after[:, 5:])


@pytest.mark.parametrize("name", ["sasrec", "bert4rec", "gru4rec", "caser"])
def test_padding_changes_nothing(name):
    encoder = _encoders()[name].eval()
    x, lengths = torch.randn(3, 6, 16), torch.tensor([6, 4, 2])
    noise = torch.cat([x, torch.randn(3, 5, 16)], dim=1)
    for row, length in enumerate(lengths.tolist()):
        noise[row, length:] = torch.randn(11 - length, 16)
    alone = [encoder(x[row : row + 1, :length], lengths[row : row + 1]) for row, length in enumerate(lengths.tolist())]
    together = encoder(noise, lengths)
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(together[row, :length], alone[row][0], atol=1e-5, rtol=1e-4)


def test_positions_count_from_the_recent_end():
    places = recent_positions(torch.tensor([4, 2]), 4)
    assert places.tolist() == [[3, 2, 1, 0], [1, 0, 0, 0]]


def test_attention_spelt_out_equals_the_fused_one():
    """With dropout on, the weights are made by hand; a rate too small to drop anything must give the same states."""
    fused, spelt = _transformer(True).eval(), _transformer(True, dropout=0.4).train()
    spelt.load_state_dict(fused.state_dict())
    for part in spelt.modules():
        if isinstance(part, Dropout):
            part.cut = 0
    x, lengths = torch.randn(2, 7, 16), torch.tensor([7, 7])
    torch.testing.assert_close(spelt(x, lengths), fused(x, lengths), atol=1e-5, rtol=1e-4)


def test_dropout_keeps_the_mean_and_drops_the_stated_share():
    torch.manual_seed(0)
    for rate in (0.1, 0.5, 0.8):
        out = Dropout(rate).train()(torch.ones(1000, 301))
        assert abs((out == 0).float().mean().item() - round(rate * 256) / 256) < 0.003
        assert abs(out.mean().item() - 1) < 0.02
        assert Dropout(rate).eval()(torch.ones(3)).tolist() == [1, 1, 1]


def test_dropout_refuses_an_impossible_rate():
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        Dropout(1.0)


def test_counted_padding_equals_real_padding():
    """LLM-ESR's code looks at zero vectors up to a width; counting them gives what spelling them out gives."""
    torch.manual_seed(0)
    block = QueryNormBlock(16, 2, 16, 0.0, "relu").eval()
    with torch.no_grad():
        block.key_value.bias.normal_()
    x = torch.randn(2, 5, 16)
    spelt = block(torch.cat([x, torch.zeros(2, 7, 16)], dim=1), None, False)[:, :5]
    counted = block(x, None, False, torch.full((2,), 7.0))
    torch.testing.assert_close(counted, spelt, atol=1e-5, rtol=1e-4)


def test_a_place_has_casers_picture_of_its_newest_items():
    """Each state equals Caser as the paper writes it, filter by filter, on the picture of that place."""
    encoder = _convolutions(dim=6).eval()
    x = torch.randn(1, 7, 6)
    states = encoder(x, torch.tensor([7]))[0]
    for place in range(7):
        picture = torch.cat([torch.zeros(4, 6), x[0, : place + 1]])[-4:]
        across = []
        for height, conv in enumerate(encoder.across, start=1):
            ends = [end for end in range(height, 5) if end > 3 - place]  # a filter must touch the history
            slides = torch.stack([picture[end - height : end] for end in ends])
            answers = torch.einsum("nhd,fdh->nf", slides, conv.weight) + conv.bias
            across.append(answers.relu().amax(0))
        down = torch.einsum("vl,ld->dv", encoder.down.weight, picture).flatten()
        hidden = encoder.join(torch.cat([*across, down])).relu()
        torch.testing.assert_close(states[place], encoder.out(hidden), atol=1e-5, rtol=1e-4)


def test_caser_looks_at_its_window_and_no_further():
    encoder = _convolutions().eval()
    x, lengths = torch.randn(1, 9, 16), torch.tensor([9])
    older, newer = x.clone(), x.clone()
    older[:, :5], newer[:, 5] = 0.0, 0.0
    last = encoder(x, lengths)[:, -1]
    torch.testing.assert_close(encoder(older, lengths)[:, -1], last)
    assert not torch.allclose(encoder(newer, lengths)[:, -1], last)
