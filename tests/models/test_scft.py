"""SCFT: what is trained, what is held against an item, and what merging does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from foretaste.core.errors import ConfigError
from foretaste.models.lora import block_linears, with_lora
from foretaste.models.scft import SCFT, ViewBatch
from foretaste.models.scft_measures import mean_cosine, two_view_recall
from foretaste.nn.dropout import Dropout
from foretaste.nn.losses.soft_clip import soft_clip
from foretaste.nn.losses.symmetric import symmetric_infonce
from foretaste.text.encoders.loading import load_language_model
from tiny_models import tiny_bert, tiny_llama

TEXTS = ["a red cup", "a blue cup with a lid", "tea", "green tea, 20 bags"]
POOLED = [("bert", "mean"), ("bert", "cls"), ("llama", "last"), ("llama", "mean")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {"bert": tiny_bert(root / "bert", TEXTS), "llama": tiny_llama(root / "llama", TEXTS)}


def _batch(groups: list[int] | None = None, content: Any = None, pad: int = 0, width: int = 9) -> ViewBatch:
    rng = np.random.default_rng(0)
    lengths = torch.tensor([4, 9, 2, 6, 5, 7, 3, 8])
    tokens = torch.from_numpy(rng.integers(5, 40, (8, 9)))
    tokens = nn.functional.pad(tokens, (0, width - 9), value=pad)
    tokens = torch.where(torch.arange(width) < lengths[:, None], tokens, pad)
    content = torch.arange(8).view(2, 4) if content is None else torch.tensor(content)
    return ViewBatch(tokens, lengths, torch.tensor(groups or [0, 1, 2, 3]), content)


def _model(folder: Path, **keys: Any) -> SCFT:
    torch.manual_seed(0)
    return SCFT(with_lora(load_language_model(folder).model, rank=4, alpha=16, dropout=0.1), **keys)


@pytest.mark.parametrize(("kind", "pooling"), POOLED)
def test_only_lora_learns_and_the_merged_model_says_the_same(folders: Any, kind: str, pooling: str) -> None:
    model = _model(folders[kind], pooling=pooling)
    frozen = {n: p.detach().clone() for n, p in model.model.named_parameters() if not p.requires_grad}
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    batch, losses = _batch(), []
    for _ in range(30):
        optimizer.zero_grad()
        loss = model(batch)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
    learning = {n for n, p in model.model.named_parameters() if p.grad is not None}
    assert learning == {n for n, _ in model.model.named_parameters() if "lora_" in n}
    assert len(learning) == 2 * len(block_linears(load_language_model(folders[kind]).model))
    for name, before in frozen.items():
        assert torch.equal(before, dict(model.model.named_parameters())[name])
    with torch.no_grad():
        apart = model.eval().embed(batch.tokens, batch.lengths)
        merged = SCFT(model.model.merge_and_unload(), pooling=pooling).eval().embed(batch.tokens, batch.lengths)
    torch.testing.assert_close(merged, apart, atol=1e-4, rtol=1e-4)


def test_lora_sits_on_every_linear_layer_of_the_blocks_and_nowhere_else(folders: Any) -> None:
    for kind, count in (("bert", 6), ("llama", 7)):
        model = load_language_model(folders[kind]).model
        names = block_linears(model)
        assert len(names) == 2 * count
        assert not any("pooler" in name for name in names)


def test_a_network_without_blocks_is_refused() -> None:
    with pytest.raises(ConfigError, match="no transformer blocks"):
        block_linears(nn.Sequential(nn.Linear(2, 2)))


@pytest.mark.parametrize(("kind", "pooling"), POOLED)
def test_padding_does_not_change_a_vector(folders: Any, kind: str, pooling: str) -> None:
    model = _model(folders[kind], pooling=pooling).eval()
    short, wide = _batch(), _batch(pad=7, width=14)
    with torch.no_grad():
        found = [model.embed(batch.tokens, batch.lengths) for batch in (short, wide)]
    torch.testing.assert_close(found[0], found[1], atol=1e-5, rtol=1e-4)


def test_rows_keep_their_order_and_do_not_see_each_other(folders: Any) -> None:
    model, batch = _model(folders["bert"]).eval(), _batch()
    with torch.no_grad():
        together = model.embed(batch.tokens, batch.lengths)
        alone = [model.embed(batch.tokens[i : i + 1], batch.lengths[i : i + 1]) for i in range(8)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)


def test_the_updates_drop_out_at_the_rate_asked_for(folders: Any) -> None:
    model = with_lora(load_language_model(folders["bert"]).model, rank=2, alpha=4, dropout=0.25)
    rates = [part.rate for part in model.modules() if isinstance(part, Dropout)]
    assert rates == [0.25] * len(block_linears(load_language_model(folders["bert"]).model))


def test_the_state_holds_what_is_trained_and_nothing_more(folders: Any) -> None:
    model, other = _model(folders["bert"]), _model(folders["bert"])
    state = model.state_dict()
    assert all("lora_" in name or name == "log_temperature" for name in state)
    assert sum(p.numel() for p in model.parameters()) == sum(t.numel() for t in state.values())
    with torch.no_grad():
        for weight in model.lora.values():
            weight.normal_()
    other.load_state_dict(model.state_dict())
    batch = _batch()
    with torch.no_grad():
        assert torch.equal(*(m.eval().embed(batch.tokens, batch.lengths) for m in (model, other)))


def test_the_mode_reaches_the_frozen_model(folders: Any) -> None:
    model, batch = _model(folders["bert"]), _batch()
    with torch.no_grad():
        training = [model.train().embed(batch.tokens, batch.lengths) for _ in range(2)]
        scoring = [model.eval().embed(batch.tokens, batch.lengths) for _ in range(2)]
    assert not torch.equal(*training)
    assert torch.equal(*scoring)


@pytest.mark.parametrize("learns", [True, False])
def test_the_temperature_learns_when_asked_to(folders: Any, learns: bool) -> None:
    model = _model(folders["bert"], temperature=0.2, learn_temperature=learns)
    model(_batch()).backward()
    assert (model.log_temperature.grad is not None) == learns
    assert float(model.log_temperature.exp()) == pytest.approx(0.2)


def test_duplicates_and_views_that_tell_the_same_are_no_negatives() -> None:
    batch = _batch(groups=[0, 1, 0, 3], content=[[10, 11, 12, 13], [20, 21, 22, 11]])
    same_x, same_y = (m | torch.eye(4, dtype=torch.bool) for m in batch.no_negatives())
    assert same_x.nonzero().tolist() == [[0, 0], [0, 2], [1, 1], [2, 0], [2, 2], [3, 1], [3, 3]]
    assert same_y.nonzero().tolist() == [[0, 0], [0, 2], [1, 1], [1, 3], [2, 0], [2, 2], [3, 3]]


def test_the_losses_are_those_of_the_vectors(folders: Any) -> None:
    batch = _batch(groups=[0, 1, 0, 3])
    model = _model(folders["bert"], temperature=0.2).eval()
    x, y = model.embed(batch.tokens, batch.lengths).chunk(2)
    wanted = symmetric_infonce(x, y, 0.2, *batch.no_negatives())
    torch.testing.assert_close(model(batch), wanted)
    assert not torch.isclose(wanted, symmetric_infonce(x, y, 0.2))
    model = _model(folders["bert"], temperature=3.0, loss="soft-clip").eval()
    torch.testing.assert_close(model(batch), soft_clip(x, y, 3.0))


def test_recall_between_views_counted_by_hand() -> None:
    x = torch.eye(4)
    y = torch.eye(4)[[0, 1, 3, 2]]
    assert two_view_recall(x, y, torch.arange(4)) == 0.5
    assert two_view_recall(x, y, torch.tensor([0, 1, 2, 2])) == pytest.approx((1 + 1 + 1 / 3 + 1 / 3) / 4)
    assert two_view_recall(x, torch.ones(4, 4), torch.arange(4)) == pytest.approx(0.25)


def test_mean_cosine_counted_by_hand() -> None:
    vectors = torch.randn(6, 3)
    pairs = [torch.cosine_similarity(vectors[i], vectors[j], dim=0) for i in range(6) for j in range(6) if i != j]
    assert mean_cosine(vectors) == pytest.approx(float(torch.stack(pairs).mean()), abs=1e-6)
