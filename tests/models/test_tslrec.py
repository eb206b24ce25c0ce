"""TSLRec's parts: how users are spread over categories, which ids fit, and a reader that learns ids' categories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from foretaste.data.sequences import Sequences
from foretaste.models.lora import with_lora
from foretaste.models.tslrec import PreferenceReader, fitting, preferences
from foretaste.nn.batch import SequenceBatch
from foretaste.text.encoders.loading import load_language_model
from tiny_models import WIDTH, tiny_bert

pytest.importorskip("peft")


def _rows(seed: int = 0, users: int = 30, items: int = 9) -> Sequences:
    rng = np.random.default_rng(seed)
    return Sequences.from_lists([rng.integers(0, items, rng.integers(0, 8)).tolist() for _ in range(users)])


def test_preferences_are_shares_of_the_history() -> None:
    rows, category = _rows(), torch.tensor([0, 0, 1, 2, 2, 2, 3, 1, 0])
    found = preferences(rows.drop_last(1), category, 4)
    for user in range(len(rows)):
        history = rows[user][:-1]
        wanted = np.bincount(category.numpy()[history], minlength=4) / max(len(history), 1)
        np.testing.assert_allclose(found[user].numpy(), wanted, rtol=1e-6)


@pytest.mark.parametrize("room", [1, 5, 9, 100])
def test_the_newest_ids_that_fit_are_kept(room: int) -> None:
    rows, tokens = _rows(1), np.array([2, 3, 2, 4, 2, 3, 5, 2, 2])
    kept = fitting(rows.drop_last(1), tokens, room)
    for user in range(len(rows)):
        history = rows[user][:-1].tolist()
        wanted: list[int] = []
        for item in reversed(history):
            if wanted and tokens[[item, *wanted]].sum() > room:
                break
            wanted.insert(0, item)
        assert kept[user].tolist() == wanted


@pytest.fixture
def reader(tmp_path: Path) -> PreferenceReader:
    texts = [f"item {n}, item {n + 1}" for n in range(12)]
    model = load_language_model(tiny_bert(tmp_path / "bert", texts))
    torch.manual_seed(0)
    wrapped = with_lora(model.model, rank=4, alpha=8, dropout=0.0)
    return PreferenceReader(wrapped, WIDTH, 3, preferences=torch.eye(3))


def _batch(users: list[int]) -> SequenceBatch:
    rows = torch.tensor([[2, 10 + user, 11, 3, 0] for user in users])
    return SequenceBatch(rows, torch.full((len(users),), 4), torch.tensor(users))


def test_the_loss_is_the_cross_entropy_of_shares(reader: PreferenceReader) -> None:
    reader.eval()
    reader.preferences = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75], [1.0, 0.0, 0.0]])
    batch = _batch([1, 0])
    said = reader.head(reader.embed(batch.items, batch.lengths)).softmax(-1).detach()
    wanted = [-(0.25 * said[0, 1].log() + 0.75 * said[0, 2].log()), -0.5 * (said[1, 0].log() + said[1, 1].log())]
    torch.testing.assert_close(reader.user_losses(batch).detach(), torch.stack(wanted))
    torch.testing.assert_close(reader(batch).detach(), torch.stack(wanted).mean())


def test_only_lora_and_head_learn_and_are_kept(reader: PreferenceReader) -> None:
    reader.eval()
    frozen = {n: p.detach().clone() for n, p in reader.model.named_parameters() if "lora_" not in n}
    assert all("lora_" in name or name.startswith("head.") for name in reader.state_dict())
    assert all(p.requires_grad for p in reader.parameters())
    optimizer = torch.optim.Adam(reader.parameters(), lr=0.01)
    first = last = 0.0
    for step in range(80):
        optimizer.zero_grad()
        loss = reader(_batch([0, 1, 2]))
        loss.backward()
        optimizer.step()
        first, last = (loss.item() if step == 0 else first), loss.item()
    assert last < 0.3 * first
    for name, weight in reader.model.named_parameters():
        if "lora_" not in name:
            assert torch.equal(weight, frozen[name])


def test_its_own_state_brings_it_back(reader: PreferenceReader, tmp_path: Path) -> None:
    with torch.no_grad():
        for weight in reader.parameters():
            weight.normal_()
    batch = _batch([0, 2])
    wanted = reader.eval().embed(batch.items, batch.lengths)
    state = {name: tensor.clone() for name, tensor in reader.state_dict().items()}
    with torch.no_grad():
        for weight in reader.parameters():
            weight.zero_()
    assert not torch.allclose(reader.embed(batch.items, batch.lengths), wanted)
    reader.load_state_dict(state)
    torch.testing.assert_close(reader.embed(batch.items, batch.lengths), wanted)
