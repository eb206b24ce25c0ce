"""Transformers of one shape read as one: the same states and gradients as one by one."""

import copy

import pytest
import torch

from foretaste.nn.alike import alike, contextualise_each
from foretaste.nn.dropout import Dropout, drop_each
from foretaste.nn.recurrent import GRUEncoder
from foretaste.nn.towers import Towers
from foretaste.nn.transformer import TransformerEncoder


def transformer(seed, *, dim=16, dropout=0.0, causal=True, **more):
    torch.manual_seed(seed)
    made = TransformerEncoder(dim, layers=2, heads=2, inner=24, max_len=9, dropout=dropout, causal=causal, **more)
    for weight in made.parameters():  # norms that do something, biases that are not zero
        torch.nn.init.normal_(weight, std=0.3)
    return made


def one_by_one(encoders, x, lengths):
    parts = x.chunk(len(encoders), dim=-1)
    return torch.cat([e(part.contiguous(), lengths) for e, part in zip(encoders, parts, strict=True)], dim=-1)


def real(lengths, width):
    return torch.arange(width) < lengths[:, None]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("count", [2, 3])
def test_states_and_gradients_are_those_of_each_encoder_alone(count, training, threads, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    encoders = [transformer(seed).train(training) for seed in range(count)]
    assert alike(encoders) == encoders
    lengths = torch.tensor([7, 3, 1, 5, 7, 2])
    mask = real(lengths, 7)
    grads = []
    for read in (contextualise_each, one_by_one):
        x = torch.randn(6, 7, 16 * count, generator=torch.Generator().manual_seed(1)).requires_grad_()
        states = read(encoders, x, lengths)[mask]
        weights = [weight for encoder in encoders for weight in encoder.parameters()]
        grads.append((states, *torch.autograd.grad(states.square().sum(), [x, *weights])))
    for ours, theirs in zip(*grads, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_each_encoder_keeps_its_own_dropout():
    torch.manual_seed(0)
    layers = [Dropout(rate).train(rate != 0.75) for rate in (0.0, 0.25, 0.5, 0.75)]
    out = drop_each(layers, torch.ones(4, 200, 100))
    gone = (out == 0).float().mean((1, 2))
    torch.testing.assert_close(gone, torch.tensor([0.0, 0.25, 0.5, 0.0]), atol=0.01, rtol=0)  # the last is at rest
    torch.testing.assert_close(out.mean((1, 2)), torch.ones(4), atol=0.02, rtol=0)
    same = drop_each([Dropout(0.5), Dropout(0.5)], torch.ones(2, 100, 100))
    assert (same[0] != same[1]).any()


def test_dropout_of_one_tower_leaves_the_others_alone():
    encoders = [transformer(0, dropout=0.5), transformer(1)]
    x, lengths = torch.randn(4, 5, 32), torch.full((4,), 5)
    once, again = (contextualise_each(encoders, x, lengths) for _ in range(2))
    assert (once[..., :16] != again[..., :16]).any()
    torch.testing.assert_close(once[..., 16:], again[..., 16:])


@pytest.mark.parametrize(
    "encoders",
    [
        [transformer(0)],
        [transformer(0), transformer(1, dim=8)],
        [transformer(0), transformer(1, causal=False)],
        [transformer(0, query_norm=True), transformer(1, query_norm=True)],
        [transformer(0), GRUEncoder(16, hidden=16, layers=1, dropout=0.0)],
        [transformer(0), transformer(1, activation="relu")],
    ],
    ids=["one", "width", "bidirectional", "other blocks", "other kinds", "activation"],
)
def test_others_are_read_one_by_one(encoders):
    assert alike(encoders) == []


def test_towers_give_the_same_either_way():
    encoders = [transformer(seed) for seed in range(3)]
    x, lengths = torch.randn(5, 6, 48), torch.tensor([6, 2, 4, 1, 6])
    mask = real(lengths, 6)
    towers = Towers(encoders)
    for training in (True, False):
        states = towers.train(training)(x, lengths)[mask]
        torch.testing.assert_close(states, one_by_one(encoders, x, lengths)[mask])


def test_a_copy_of_towers_reads_with_its_own_weights():
    first = Towers([transformer(seed) for seed in range(2)])
    second = copy.deepcopy(first)
    for weight in second.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    x, lengths = torch.randn(3, 4, 32), torch.full((3,), 4)
    torch.testing.assert_close(second(x, lengths), one_by_one(second.encoders, x, lengths))
    assert (first(x, lengths) != second(x, lengths)).any()
