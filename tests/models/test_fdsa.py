"""FDSA's features against a loop over items, and its two streams against each alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.fdsa import Attribute, Features, TwoStreams
from foretaste.nn.items import IdTable

ITEMS, DIM = 9, 8
BRANDS = [[0], [1], [], [2], [1], [0], [], [2], [2]]
CATEGORIES = [[0, 1], [2], [], [0], [0, 1, 3], [3], [1], [2, 0], []]


def attribute(values: list[list[int]]) -> Attribute:
    widest = max(map(len, values))
    held = torch.tensor([[*row, *[-1] * (widest - len(row))] for row in values])
    return Attribute(ITEMS, 1 + max(map(max, filter(None, values))), widest, DIM, std=1.0).fill(held)


def features() -> Features:
    torch.manual_seed(0)
    return Features(IdTable(ITEMS, DIM, std=1.0), [attribute(BRANDS), attribute(CATEGORIES)])


def naive(made: Features, item: int) -> Tensor:
    parts = [made.text(torch.tensor([item]))[0]]
    for values, part in zip((BRANDS, CATEGORIES), made.attributes, strict=True):
        if values[item]:
            parts.append(torch.stack([part.weight[v] for v in values[item]]).mean(0))
    scores = torch.stack([made.attention(part)[0] for part in parts]).softmax(0)
    return sum(score * part for score, part in zip(scores, parts, strict=True))


def test_a_feature_vector_is_an_attention_over_what_the_item_has() -> None:
    made = features()
    wanted = torch.stack([naive(made, item) for item in range(ITEMS)])
    torch.testing.assert_close(made.table(), wanted)
    ids = torch.tensor([[3, 3, 0], [2, 8, 3]])
    torch.testing.assert_close(made(ids), wanted[ids])


def test_without_attributes_the_text_is_all() -> None:
    text = IdTable(ITEMS, DIM)
    torch.testing.assert_close(Features(text, []).table(), text.weight)


def test_everything_learns() -> None:
    made = features()
    made(torch.arange(ITEMS)).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in made.parameters())


@pytest.mark.parametrize("name", ["sasrec", "gru4rec", "bert4rec"])
def test_each_stream_reads_its_own_half(name: str) -> None:
    torch.manual_seed(0)
    config = BackboneConfig(backbone=name, dim=DIM, max_len=5, hidden=8)
    first, second = (backbone(config, IdTable(ITEMS, DIM)).encoder for _ in range(2))
    streams = TwoStreams(first, second).eval()
    x, lengths = torch.randn(3, 5, 2 * DIM), torch.tensor([5, 2, 3])
    both = streams(x, lengths)
    torch.testing.assert_close(both[..., :DIM], first(x[..., :DIM], lengths))
    torch.testing.assert_close(both[..., DIM:], second(x[..., DIM:], lengths))
    assert not torch.allclose(both[..., :DIM], both[..., DIM:])
