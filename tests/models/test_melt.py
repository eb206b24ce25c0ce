"""MELT's branches against loops over users and items, with every backbone."""

import math

import numpy as np
import pytest
import torch

from foretaste.data.contexts import ending_contexts
from foretaste.data.sequences import Sequences
from foretaste.models import melt_branches
from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.melt import MELT, MELTConfig, TailUsers
from foretaste.models.melt_branches import ItemBranch, UserBranch
from foretaste.nn.items import IdTable

ITEMS, DIM, MAX_LEN = 20, 8, 6
LONGEST, RAREST = 3, 4


def _train():
    rng = np.random.default_rng(0)
    popular = np.minimum(rng.geometric(0.2, 400) - 1, ITEMS - 3)
    return [popular[10 * n : 10 * n + rng.integers(1, 10)].tolist() for n in range(40)]


ROWS = _train()
TRAIN = Sequences.from_lists(ROWS)
COUNTS = TRAIN.counts(ITEMS)


def _melt(name="sasrec", dropout=0.0, **keys):
    torch.manual_seed(0)
    sizes = {"dim": DIM, "hidden": DIM, "inner": DIM, "heads": 1, "max_len": MAX_LEN, "dropout": dropout}
    model = backbone(BackboneConfig(backbone=name, **sizes), IdTable(ITEMS, DIM, std=0.5))
    config = MELTConfig(branch_rows=50, **keys)
    tail = TailUsers(DIM, LONGEST)
    users = UserBranch(TRAIN, tail.map, config, longest=LONGEST, max_len=MAX_LEN)
    items = ItemBranch(ending_contexts(TRAIN, ITEMS, max_len=MAX_LEN), COUNTS, tail.map, config, rarest=RAREST)
    return MELT(model, tail, [users, items]), users, items


def _state(model, row):
    row = row[-MAX_LEN:]
    return model.last_states(torch.tensor([row]), torch.tensor([len(row)]))[0]


def _contexts(item):
    found = []
    for row in ROWS:
        for place, other in enumerate(row):
            if other == item:
                found += [row[: place + 1], row[place:][::-1]] if len(row) > 1 else [row]
    return found


@pytest.fixture(params=["sasrec", "gru4rec", "bert4rec"])
def melt(request):
    return _melt(request.param)


def test_tail_users_are_completed_and_no_others(melt):
    model = melt[0].eval()
    histories = Sequences.from_lists([[], [1], [1, 2, 3], [1, 2, 3, 4], list(range(15))])
    before, after = model.model.user_vectors(histories), model.user_vectors(histories)
    with torch.no_grad():
        wanted = before + model.tail.map(before)
    for row, completed in enumerate([False, True, True, False, False]):
        torch.testing.assert_close(after[row], wanted[row] if completed else before[row])
    torch.testing.assert_close(model.score(histories), after @ model.item_vectors().T)


def test_the_user_branch_compares_newest_items_with_the_whole(melt, monkeypatch):
    model, users, _ = melt
    model.eval()
    users.done.fill_(0.3)
    wholes, kept = _notes(monkeypatch, newest=0), _notes(monkeypatch, newest=1)
    term = users(model.model, None)
    wanted = []
    for row, count in zip(wholes[0], kept[0], strict=True):
        whole = row.tolist()
        assert whole in [row[-MAX_LEN:] for row in ROWS if len(row) > LONGEST]
        angle = math.pi / 2 * 0.3 + math.pi / (2 * (MAX_LEN - LONGEST - 1)) * (len(whole) - LONGEST - 1)
        gap = model.tail.map(_state(model.model, whole[-count:])) - _state(model.model, whole)
        wanted.append(abs(math.sin(angle)) * gap.square().mean())
    assert set(kept[0].tolist()) == set(range(1, LONGEST))
    torch.testing.assert_close(term, 0.1 * torch.stack(wanted).mean())


def test_the_item_branch_tells_head_items_from_some_contexts(melt, monkeypatch):
    model, _, items = melt
    model.eval()
    items.done.fill_(0.3)
    read, owners = _notes(monkeypatch, encode_rows=1), _notes(monkeypatch, means=1)
    term = items(model.model, None)
    wanted, sizes = [], []
    for owner in range(items.config.branch_rows):
        contexts = [row.tolist() for row, other in zip(read[0], owners[0], strict=True) if other == owner]
        item = contexts[0][-1]
        sizes.append(len(contexts))
        left = [context[-MAX_LEN:] for context in _contexts(item)]
        for context in contexts:
            left.remove(context)  # each context is drawn once
        states = torch.stack([_state(model.model, context) for context in contexts])
        told = items.map((states + model.tail.map(states)).mean(0))
        angle = math.pi / 2 * 0.3 + math.pi / 100 * (min(COUNTS[item], RAREST + 50) - RAREST - 1)
        wanted.append(abs(math.sin(angle)) * (told - model.model.items.weight[item]).square().mean())
        assert COUNTS[item] > RAREST
    assert set(sizes) == set(range(1, RAREST + 1))
    torch.testing.assert_close(term, 0.4 * torch.stack(wanted).mean())


def _notes(monkeypatch, **argument):
    """What a function of the branches is given as its n-th argument, call by call."""
    ((name, place),) = argument.items()
    function, notes = getattr(melt_branches, name), []

    def noted(*arguments):
        notes.append(arguments[place])
        return function(*arguments)

    monkeypatch.setattr(melt_branches, name, noted)
    return notes


def test_what_is_rewritten_does_not_depend_on_the_mode_before():
    tables = []
    for mode in (True, False):
        model, _, items = _melt(dropout=0.5)
        model.train(mode)
        items.begin_epoch(model.model, 0, 10)
        assert model.model.training == mode
        tables.append(model.model.items.weight.detach().clone())
    assert torch.equal(tables[0], tables[1])


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("name", ["sasrec", "gru4rec", "bert4rec"])
def test_tail_items_and_no_others_are_rewritten(name, complete):
    model, _, items = _melt(name, complete_contexts=complete)
    model.train()
    before = model.model.items.weight.detach().clone()
    items.begin_epoch(model.model, 1, 10)
    after = model.model.items.weight.detach().clone()
    assert model.training
    assert (COUNTS == 0).any()
    model.eval()
    for item in range(ITEMS):
        if not 0 < COUNTS[item] <= RAREST:
            assert torch.equal(after[item], before[item])
    with torch.no_grad():
        model.model.items.weight.copy_(before)
        for item in np.flatnonzero((COUNTS > 0) & (COUNTS <= RAREST)):
            states = torch.stack([_state(model.model, context) for context in _contexts(item)])
            states = states + model.tail.map(states) if complete else states
            torch.testing.assert_close(after[item], items.map(states.mean(0)), atol=1e-5, rtol=1e-4)


def test_warm_start_fits_the_heads_and_happens_once(melt):
    model, users, items = melt
    for branch in (users, items):
        losses = []
        for _ in range(2):
            torch.manual_seed(2)
            model.eval()
            branch.done.fill_(0.5)
            losses.append(branch(model.model, None).item())
            branch.warm_start(model.model)
        assert losses[1] < 0.9 * losses[0]
    kept = model.tail.map.weight.detach().clone()
    model.begin_epoch(1, 10)
    assert torch.equal(model.tail.map.weight, kept)
    model.begin_epoch(0, 10)
    assert not torch.equal(model.tail.map.weight, kept)


def test_targets_learn_unless_they_are_held():
    gradients = {}
    for detach in (False, True):
        _, _, items = _melt(detach=detach)
        found, wanted = torch.zeros(3, DIM), torch.ones(3, DIM, requires_grad=True)
        items.done.fill_(0.5)
        term = items.distance(np.arange(3), found.requires_grad_(), wanted)
        gradients[detach] = torch.autograd.grad(term, wanted, allow_unused=True)[0]
    assert gradients[False].abs().sum() > 0
    assert gradients[True] is None


def test_weights_belong_to_one_module_each():
    model, _, _ = _melt()
    names = [name for name in model.state_dict() if not name.startswith("model.")]
    assert sorted(names) == [
        "tail.longest",
        "tail.map.bias",
        "tail.map.weight",
        "terms.0.done",
        "terms.1.done",
        "terms.1.map.bias",
        "terms.1.map.weight",
    ]
