"""RAT: what is frozen, what is aligned with what, and what the text vectors go through."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from foretaste.data.sequences import Sequences
from foretaste.models.auxiliary import Regularised
from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.llmemb import Alignment, RATConfig
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.models.text_table import item_table, spread
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.losses.soft_clip import soft_clip
from foretaste.nn.losses.symmetric import symmetric_infonce

ITEMS, WIDTH, DIM = 20, 12, 8
ROWS = [[(start + 2 * k) % 15 for k in range(5)] for start in range(15)]
TRAINED = torch.arange(ITEMS) < 15


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def _batch(rows: list[list[int]] = ROWS) -> SequenceBatch:
    data = Sequences.from_lists(rows)
    items = torch.from_numpy(data.padded().astype("int64"))
    return SequenceBatch(items, torch.from_numpy(data.lengths), torch.arange(len(rows)))


def _model(text: Tensor, kind: str = "sasrec", **keys: Any) -> SequenceRecommender:
    loss = catalogue_loss(LossConfig(precision="fp32"), Sequences.from_lists(ROWS), ITEMS)
    items = item_table(RATConfig(**keys), text, DIM, std=0.05)
    return backbone(BackboneConfig(backbone=kind, dim=DIM, inner=DIM, hidden=DIM, max_len=6), items, loss)


def _alignment(vectors: Tensor, **keys: Any) -> Alignment:
    return Alignment(vectors, TRAINED, **{"weight": 2.0, "temperature": 0.2, **keys})


@pytest.mark.parametrize("kind", ["sasrec", "gru4rec", "bert4rec"])
def test_the_text_stays_and_the_vectors_draw_near_to_the_collaborative_ones(kind: str) -> None:
    text, wanted = torch.randn(ITEMS, WIDTH), torch.randn(ITEMS, DIM)
    model = _model(text, kind)
    trained = Regularised(model, [_alignment(wanted)])
    optimizer = torch.optim.Adam(trained.parameters(), lr=1e-2)
    near = [float(torch.cosine_similarity(model.item_vectors(), wanted)[:15].mean())]
    for _ in range(30):
        optimizer.zero_grad()
        trained(_batch()).backward()
        optimizer.step()
    near.append(float(torch.cosine_similarity(model.item_vectors(), wanted)[:15].mean()))
    assert near[1] > near[0] + 0.15
    assert torch.equal(model.state_dict()["items.vectors"], text)
    assert "items.vectors" not in dict(model.named_parameters())


def test_the_folded_table_is_what_the_layers_compute() -> None:
    text = torch.randn(ITEMS, WIDTH)
    model = _model(text)
    first, second = model.items.adapter.layers  # type: ignore[union-attr]
    with torch.no_grad():
        torch.testing.assert_close(model.item_vectors(), second(first(text)), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("kind", "loss"), [("infonce", symmetric_infonce), ("soft-clip", soft_clip)])
def test_distinct_trained_items_of_the_batch_are_aligned_and_no_others(kind: str, loss: Any) -> None:
    wanted = torch.randn(ITEMS, DIM)
    model = _model(torch.randn(ITEMS, WIDTH))
    items = torch.tensor([1, 4, 7, 9])
    batch = _batch([[7, 1, 1, 7, 19], [4, 16], [9, 9, 9]])
    found = _alignment(wanted, kind=kind)(model, batch)
    torch.testing.assert_close(found, 2.0 * loss(wanted[items], model.items(items), 0.2))
    wanted[TRAINED.logical_not()] = torch.nan
    torch.testing.assert_close(_alignment(wanted, kind=kind)(model, batch), found)


def test_of_too_many_items_a_random_part_is_aligned() -> None:
    model, wanted = _model(torch.randn(ITEMS, WIDTH)), torch.randn(ITEMS, DIM)
    found = {round(float(_alignment(wanted, most=4)(model, _batch()).detach()), 5) for _ in range(5)}
    assert len(found) > 1
    assert all(torch.isfinite(torch.tensor(list(found))))


def test_a_batch_of_strangers_costs_nothing() -> None:
    model, wanted = _model(torch.randn(ITEMS, WIDTH)), torch.randn(ITEMS, DIM)
    loss = _alignment(wanted)(model, _batch([[16, 17], [18, 19]]))
    loss.backward()
    assert float(loss.detach()) == 0.0


def test_the_ablations_are_what_they_say() -> None:
    text = torch.randn(ITEMS, WIDTH)
    free = _model(text, frozen=False)
    assert "items.vectors" in dict(free.named_parameters())
    config = RATConfig(adapter="pca")
    mean, matrix = spread(config, text, DIM, std=0.05) or pytest.fail("pca is a map")
    reduced = ((text.double() - mean) @ matrix).float()
    plain = _model(reduced, adapter="pca")
    torch.testing.assert_close(plain.item_vectors(), reduced)
    assert float(reduced.std()) == pytest.approx(0.05, rel=1e-3)
    covariance = reduced.T @ reduced
    torch.testing.assert_close(covariance, torch.diag(covariance.diagonal()), atol=1e-5, rtol=1e-4)
    assert not any(name.startswith("items") for name, _ in plain.named_parameters())


def test_whitening_may_keep_the_leading_directions_alone() -> None:
    text = torch.randn(200, WIDTH) * torch.linspace(0.01, 3.0, WIDTH)
    whole, some = (spread(RATConfig(spread_dims=dims), text, DIM, std=0.05) for dims in (0, 5))
    assert whole is not None
    assert some is not None
    torch.testing.assert_close(some[1], whole[1][:, :5])


@pytest.mark.parametrize("adapter", ["linear", "gelu"])
@pytest.mark.parametrize("kind", ["whiten", "standardise", "none"])
def test_item_vectors_start_at_the_spread_asked_for(kind: str, adapter: str) -> None:
    text = torch.randn(200, WIDTH) * torch.linspace(0.01, 3.0, WIDTH) + 2.0
    config = RATConfig(spread=kind, adapter=adapter)
    done = spread(config, text, DIM, std=0.05)
    seen = text if done is None else ((text.double() - done[0]) @ done[1]).float()
    if kind == "standardise":
        assert float(seen.std()) == pytest.approx(1.0, rel=1e-3)
    if kind == "whiten":
        assert float(seen.std(0).max()) == pytest.approx(1.0, abs=0.02)
    if kind != "none":
        assert float(seen.mean(0).abs().max()) < 1e-5
    found = item_table(config, seen, DIM, std=0.05).table().detach()
    assert float(found.std()) == pytest.approx(0.05, rel=0.02 if adapter == "linear" else 0.5)
