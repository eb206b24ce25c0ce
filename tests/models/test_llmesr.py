"""LLM-ESR's network: the future stays hidden, padding stays out, scores split, the text stays frozen."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
import torch
from torch import Tensor

from foretaste.core.errors import ConfigError
from foretaste.data.sequences import Sequences
from foretaste.models.llmesr import DualViewConfig, llmesr, text_adapter
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.items import IdTable
from foretaste.nn.text_items import TextTable, Views

ITEMS, WIDTH, DIM = 30, 12, 8
BACKBONES = ("sasrec", "gru4rec", "bert4rec")
SMALL: dict[str, Any] = {"dim": DIM, "inner": 8, "hidden": 10, "layers": 1, "max_len": 6, "dropout": 0.0}
TEXT = torch.randn(ITEMS, WIDTH, generator=torch.Generator().manual_seed(5))
ROWS = [[(start * 3 + step * (1 + start % 2)) % ITEMS for step in range(2 + start % 5)] for start in range(20)]
TRAIN = Sequences.from_lists(ROWS)


def network(name: str = "sasrec", loss: str | None = None, **keys: Any) -> SequenceRecommender:
    torch.manual_seed(0)
    config = DualViewConfig(backbone=name, **SMALL | keys)
    term = catalogue_loss(LossConfig(loss=loss, negatives=3), TRAIN, ITEMS) if loss else None
    return llmesr(config, TEXT, loss=term)


def batch(rows: list[list[int]]) -> SequenceBatch:
    data = Sequences.from_lists(rows)
    items = torch.from_numpy(data.padded()).long()
    return SequenceBatch(items, torch.from_numpy(data.lengths), torch.arange(len(rows)))


def views_of(model: SequenceRecommender) -> tuple[IdTable, TextTable]:
    assert isinstance(model.items, Views)
    first, second = model.items.views
    assert isinstance(first, IdTable)
    assert isinstance(second, TextTable)
    return first, second


@pytest.mark.parametrize("keys", [{}, {"shared": False}, {"cross_attention": True}, {"cross_attention": False}])
@pytest.mark.parametrize("name", ["sasrec", "gru4rec"])
def test_a_causal_backbone_never_sees_the_future(name: str, keys: dict[str, Any]) -> None:
    model = network(name, **keys).eval()
    items, lengths = torch.randint(ITEMS, (4, 6)), torch.full((4,), 6)
    other = items.clone()
    other[:, 3:] = (items[:, 3:] + 7) % ITEMS
    before, after = model.encode(items, lengths), model.encode(other, lengths)
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3:], after[:, 3:])


def test_the_released_cross_attention_shows_a_causal_backbone_the_future() -> None:
    model = network(cross_causal=False).eval()
    items, lengths = torch.randint(ITEMS, (4, 6)), torch.full((4,), 6)
    other = items.clone()
    other[:, 5] = (items[:, 5] + 7) % ITEMS
    assert not torch.allclose(model.encode(items, lengths)[:, :5], model.encode(other, lengths)[:, :5])


@pytest.mark.parametrize("name", BACKBONES)
def test_a_longer_row_beside_it_does_not_change_a_state(name: str) -> None:
    model = network(name).eval()
    together = model.user_vectors(Sequences.from_lists([[4, 9, 2], [1], list(range(20)), []]))
    for row, state in zip([[4, 9, 2], [1], list(range(20))], together, strict=False):
        alone = model.user_vectors(Sequences.from_lists([row]))[0]
        torch.testing.assert_close(state, alone, atol=1e-5, rtol=1e-4)
        assert state.any()
    assert not together[3].any()


@pytest.mark.parametrize("name", BACKBONES)
def test_a_score_is_the_sum_of_the_views(name: str) -> None:
    model = network(name).eval()
    co, se = views_of(model)
    users = model.user_vectors(TRAIN)
    assert users.shape == (len(TRAIN), 2 * DIM)
    wanted = users[:, :DIM] @ co.table().T + users[:, DIM:] @ se.table().T
    torch.testing.assert_close(model.score(TRAIN), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("standard", ["none", "centre", "whiten"])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_folded_adapter_is_the_adapter(layers: int, standard: str) -> None:
    model = network(adapter_layers=layers, standard=standard, text_length=2.0)
    _, se = views_of(model)
    vectors: Tensor = TEXT
    if standard != "none":
        first = se.adapter.standard  # type: ignore[union-attr]
        vectors = first(vectors)  # type: ignore[operator]
        torch.testing.assert_close(vectors.mean(0), torch.zeros(WIDTH), atol=1e-5, rtol=0)
        torch.testing.assert_close(vectors.square().sum(1).mean(), torch.tensor(4.0), atol=1e-3, rtol=0)
    linear = [module for module in se.adapter.modules() if isinstance(module, torch.nn.Linear)]  # type: ignore[union-attr]
    assert len(linear) == layers
    for layer in linear:
        vectors = layer(vectors)
    torch.testing.assert_close(model.item_vectors()[:, DIM:], vectors, atol=1e-5, rtol=1e-4)


def test_whitening_keeps_the_directions_of_largest_variance() -> None:
    text = TEXT * torch.linspace(3.0, 0.1, WIDTH)
    adapter = text_adapter(DualViewConfig(**SMALL, standard_dims=4), text)
    kept = adapter.standard(text)  # type: ignore[union-attr, operator]
    assert kept.shape == (ITEMS, 4)
    torch.testing.assert_close(kept.T @ kept / ITEMS, torch.eye(4) / 4, atol=1e-2, rtol=0)
    main = torch.linalg.svd(text - text.mean(0), full_matrices=False)[0][:, :4]
    torch.testing.assert_close(main @ (main.T @ kept), kept, atol=1e-4, rtol=1e-3)
    assert adapter(text).shape == (ITEMS, DIM)
    again = text_adapter(DualViewConfig(**SMALL, standard_dims=4), torch.zeros_like(text), fitted=False)
    again.load_state_dict(adapter.state_dict())
    torch.testing.assert_close(again(text), adapter(text))


@pytest.mark.parametrize("activation", ["none", "relu"])
def test_both_views_start_on_the_same_scale(activation: str) -> None:
    co, se = views_of(network(adapter_activation=activation, init_std=0.3))
    assert se.table().std().item() == pytest.approx(0.3, abs=1e-4)
    assert co.table().std().item() == pytest.approx(0.3, rel=0.2)
    _, plain = views_of(network(adapter_start="plain", init_std=0.3))
    assert plain.table().std().item() != pytest.approx(0.3, rel=0.1)


@pytest.mark.parametrize("loss", ["softmax", "bce"])
@pytest.mark.parametrize("name", BACKBONES)
def test_it_learns_and_its_text_stays_frozen(name: str, loss: str) -> None:
    model = network(name, loss).train()
    _, se = views_of(model)
    digest = sha256(se.vectors.numpy().tobytes()).hexdigest()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        value = model(batch(ROWS))
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert sum(losses[-5:]) < 0.92 * sum(losses[:5])
    assert sha256(se.vectors.numpy().tobytes()).hexdigest() == digest
    unused = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert unused == [], "nothing is carried along that never learns"


def test_each_ablation_takes_away_what_it_names() -> None:
    def parts(**keys: Any) -> set[str]:
        return {name.rpartition(".")[0] for name, _ in network(**keys).named_parameters()}

    full = parts()
    assert parts(cross_attention=False) == {
        part for part in full if ".collaborative" not in part and ".semantic" not in part
    }
    assert {"encoder.semantic_encoder.norm", *full} <= parts(shared=False)
    assert not any("adapter" in part for part in parts(se_view=False))
    assert any("adapter" in part for part in parts(co_view=False))
    for keys in ({"se_view": False}, {"co_view": False}):
        assert network(**keys).items.dim == DIM
        assert not any(part.startswith(("encoder.collaborative", "encoder.semantic")) for part in parts(**keys))


@pytest.mark.parametrize(("name", "meet"), [("sasrec", True), ("bert4rec", True), ("caser", True), ("gru4rec", False)])
def test_the_views_meet_unless_told_otherwise_or_the_backbone_has_no_positions(name: str, meet: bool) -> None:
    def crossing(**keys: Any) -> bool:
        return any(part.startswith("encoder.semantic.") for part, _ in network(name, **keys).named_parameters())

    assert crossing() is meet
    assert crossing(cross_attention=True)
    assert not crossing(cross_attention=False)


def test_the_paper_counts_as_many_parameters() -> None:
    """Adapter 1.23 M and cross-attention 32.9 k for text of width 1536 and vectors of width 64."""
    model = llmesr(DualViewConfig(standard="none"), torch.zeros(3, 1536))
    adapter = sum(p.numel() for name, p in model.named_parameters() if "adapter" in name)
    crossing = sum(
        p.numel()
        for name, p in model.named_parameters()
        if ".query" in name
        or ".key" in name
        or ".value" in name
        or name.startswith(("encoder.collaborative.out", "encoder.semantic.out"))
    )
    assert adapter == 1536 * 768 + 768 + 768 * 64 + 64
    assert crossing == 2 * (4 * 64 * 64 + 64)


def test_keys_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="leave items without any vector"):
        network(co_view=False, se_view=False)
    with pytest.raises(ConfigError, match="cross_heads=3"):
        network(cross_heads=3)
