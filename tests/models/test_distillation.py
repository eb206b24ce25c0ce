"""Self-distillation against a loop over users; online and bank; what must not receive gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from foretaste.data.sequences import Sequences
from foretaste.models.auxiliary import Regularised
from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.distillation import Histories, SelfDistillation, ViewAgreement
from foretaste.models.llmesr import DualViewConfig, llmesr
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.items import IdTable
from foretaste.nn.losses.soft_clip import soft_clip

ITEMS, USERS, DIM = 25, 30, 8
RNG = np.random.default_rng(0)
ROWS = [RNG.integers(0, ITEMS, size).tolist() for size in RNG.integers(1, 12, USERS)]
TRAIN = Sequences.from_lists(ROWS)
NEAR = np.stack([RNG.permutation(np.delete(np.arange(USERS), u))[:4] for u in range(USERS)])
USERS_OF_BATCH = [3, 5, 3, 20, 7]


def network(name: str = "sasrec", dropout: float = 0.0, loss: bool = False) -> SequenceRecommender:
    torch.manual_seed(0)
    config = BackboneConfig(backbone=name, dim=DIM, inner=8, hidden=8, layers=1, max_len=5, dropout=dropout)
    term = catalogue_loss(LossConfig(precision="fp32"), TRAIN, ITEMS) if loss else None
    return backbone(config, IdTable(ITEMS, DIM, std=0.5), term)


def term(teacher: str = "online", **keys: Any) -> SelfDistillation:
    return SelfDistillation(TRAIN, NEAR, weight=0.5, max_len=5, dim=DIM, teacher=teacher, **keys)


def batch(users: list[int] = USERS_OF_BATCH) -> SequenceBatch:
    rows = TRAIN.take(users).last(6)
    return SequenceBatch(torch.from_numpy(rows.padded()).long(), torch.from_numpy(rows.lengths), torch.tensor(users))


def state(model: SequenceRecommender, user: int) -> Tensor:
    """The last state on a training sequence without its newest item; one item is kept."""
    row = (ROWS[user][:-1] or ROWS[user])[-model.max_len :]
    return model.last_states(torch.tensor([row]), torch.tensor([len(row)]))[0]


def naive(model: SequenceRecommender, users: list[int]) -> Tensor:
    gaps = []
    for user in sorted(set(users)):
        teacher = torch.stack([state(model, int(near)) for near in NEAR[user]]).mean(0).detach()
        gaps.append((state(model, user) - teacher).square())
    return 0.5 * torch.stack(gaps).mean()


def test_histories_are_the_training_part_without_its_newest_item() -> None:
    users = torch.tensor([4, 0, 4, 29])
    items, lengths = Histories(TRAIN, 5).padded(users)
    wanted = Sequences.from_lists([(ROWS[u][:-1] or ROWS[u])[-5:] for u in users.tolist()])
    assert items.equal(torch.from_numpy(wanted.padded()).long())
    assert lengths.tolist() == wanted.lengths.tolist()


@pytest.mark.parametrize("tokens", [1, 12, 10_000])
def test_states_do_not_depend_on_the_blocks(tokens: int) -> None:
    model, users = network().eval(), torch.tensor([4, 0, 29, 4, 11])
    found = Histories(TRAIN, 5).states(model, users, tokens)
    torch.testing.assert_close(found, torch.stack([state(model, u) for u in users.tolist()]), atol=1e-5, rtol=1e-4)


def test_who_has_no_training_item_has_no_state() -> None:
    histories = Histories(Sequences.from_lists([[1, 2], [], [3]]), 5)
    found = histories.states(network().eval(), torch.tensor([0, 1, 2]))
    assert found.any(1).tolist() == [True, False, True]


@pytest.mark.parametrize("teacher", ["online", "bank"])
@pytest.mark.parametrize("name", ["sasrec", "gru4rec", "bert4rec"])
def test_the_term_is_what_the_paper_writes(name: str, teacher: str) -> None:
    model, added = network(name), term(teacher)
    added.begin_epoch(model, 0, 1)
    weights = list(model.parameters())
    found, wanted = added(model, batch()), naive(model, USERS_OF_BATCH)
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-5)
    for one, other in zip(*(torch.autograd.grad(v, weights, allow_unused=True) for v in (found, wanted)), strict=True):
        if one is not None or other is not None:
            torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


def test_a_teacher_drops_out_only_when_told() -> None:
    model, users = network(dropout=0.5).train(), torch.arange(USERS)
    still, lively = term(dropout=False), term(dropout=True)
    assert still.teachers(model, users).equal(still.teachers(model, users))
    assert not lively.teachers(model, users).equal(lively.teachers(model, users))
    assert model.training
    bank = term("bank")
    bank.begin_epoch(model, 0, 1)
    assert model.training
    torch.testing.assert_close(bank.teachers(model, users), still.teachers(model, users), atol=1e-5, rtol=1e-4)
    model.eval()
    assert lively.teachers(model, users).equal(lively.teachers(model, users)), "nothing is switched on by it"


def test_soft_targets_are_an_option() -> None:
    model = network()
    found = term(loss="soft-clip", temperature=0.7)(model, batch())
    students = torch.stack([state(model, user) for user in sorted(set(USERS_OF_BATCH))])
    teachers = torch.stack(
        [torch.stack([state(model, int(near)) for near in NEAR[user]]).mean(0) for user in sorted(set(USERS_OF_BATCH))]
    )
    torch.testing.assert_close(found, 0.5 * soft_clip(students, teachers.detach(), 0.7), atol=1e-6, rtol=1e-5)


def test_only_the_bank_is_saved() -> None:
    assert {name: tuple(t.shape) for name, t in term("bank").state_dict().items()} == {"bank": (USERS, DIM)}
    assert term().state_dict()["bank"].numel() == 0


def test_both_teachers_train_to_the_same_scale_of_loss() -> None:
    """And a distilled network's users are nearer to their neighbours than those of a network trained without."""
    gaps = {}
    for teacher in ("online", "bank", "none"):
        model = network(dropout=0.2, loss=True)
        added = term("online" if teacher == "none" else teacher)
        training = Regularised(model, [] if teacher == "none" else [added]).train()
        optimizer = torch.optim.Adam(training.parameters(), lr=5e-3)
        users = [user for user in range(USERS) if len(ROWS[user]) > 1]
        for epoch in range(30):
            training.begin_epoch(epoch, 30)
            for start in range(0, len(users), 8):
                optimizer.zero_grad()
                training(batch(users[start : start + 8])).backward()
                optimizer.step()
        model.eval()
        gaps[teacher] = naive(model, list(range(USERS))).item()
    assert 0.5 < gaps["bank"] / gaps["online"] < 2
    assert max(gaps["bank"], gaps["online"]) < 0.8 * gaps["none"]


def test_agreement_counts_every_item_once_and_pulls_the_views_together() -> None:
    torch.manual_seed(0)
    model = llmesr(DualViewConfig(dim=DIM, inner=8, layers=1), torch.randn(ITEMS, 6))
    added = ViewAgreement(weight=0.3, temperature=0.5)
    rows = Sequences.from_lists([[3, 3, 3, 9], [9, 4]])
    items = torch.from_numpy(rows.padded()).long()
    one = SequenceBatch(items, torch.from_numpy(rows.lengths), torch.arange(2))
    co, se = torch.nn.functional.normalize(model.items.table()[[3, 4, 9]].view(3, 2, DIM), dim=-1).unbind(1)
    shares = [(co @ se.T / 0.5).log_softmax(axis) for axis in (0, 1)]
    wanted = -0.3 * sum(share.diagonal().mean() for share in shares) / 2
    torch.testing.assert_close(added(model, one), wanted)
    raw = model.items.table()[[3, 4, 9]].view(3, 2, DIM).unbind(1)
    soft = ViewAgreement(weight=0.3, temperature=0.5, loss="soft-clip")
    torch.testing.assert_close(soft(model, one), 0.3 * soft_clip(*raw, 0.5))
    optimizer = torch.optim.Adam(model.items.parameters(), lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        added(model, one).backward()
        optimizer.step()
    assert added(model, one) < 0.3 * wanted
