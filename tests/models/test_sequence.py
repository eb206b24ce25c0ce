"""SASRec, GRU4Rec and BERT4Rec as recommenders: histories of any length, permutation of items, what is trained on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from foretaste.data.sequences import Sequences
from foretaste.models.bert4rec import BERT4RecConfig, bert4rec
from foretaste.models.gru4rec import GRU4RecConfig, gru4rec
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sasrec import SASRecConfig, sasrec
from foretaste.models.sequence import blocks_of_like_length
from foretaste.nn.batch import SequenceBatch

ITEMS = 25
BUILD = {
    "sasrec": lambda loss=None: sasrec(SASRecConfig(dim=16, max_len=6, inner=16), ITEMS, loss),
    "gru4rec": lambda loss=None: gru4rec(GRU4RecConfig(dim=16, hidden=24, max_len=6), ITEMS, loss),
    "bert4rec": lambda loss=None: bert4rec(BERT4RecConfig(dim=16, max_len=6, inner=16, dropout=0.0), ITEMS, loss),
}


def _histories(seed=0, rows=40, longest=11):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, ITEMS, rng.integers(0, longest)).tolist() for _ in range(rows)]


def _batch(rows):
    data = Sequences.from_lists(rows)
    return SequenceBatch(
        torch.from_numpy(data.padded().astype(np.int64)), torch.from_numpy(data.lengths), torch.arange(len(rows))
    )


@pytest.mark.parametrize("name", BUILD)
def test_a_vector_depends_only_on_its_own_newest_items(name):
    model, rows = BUILD[name]().eval(), _histories()
    together = model.user_vectors(Sequences.from_lists(rows))
    for row, vector in zip(rows, together, strict=True):
        alone = model.user_vectors(Sequences.from_lists([row]))[0]
        recent = model.user_vectors(Sequences.from_lists([row[-6:]]))[0]
        torch.testing.assert_close(vector, alone, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(vector, recent, atol=1e-5, rtol=1e-4)
        assert bool(vector.any()) == bool(row)


@pytest.mark.parametrize("name", BUILD)
def test_renumbering_the_items_permutes_the_scores(name):
    model, rows = BUILD[name]().eval(), _histories(1)
    before = model.score(Sequences.from_lists(rows))
    order = torch.randperm(ITEMS)
    with torch.no_grad():
        model.items.weight[order] = model.items.weight.clone()
    renamed = [[int(order[i]) for i in row] for row in rows]
    torch.testing.assert_close(model.score(Sequences.from_lists(renamed))[:, order], before, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", BUILD)
@pytest.mark.parametrize("loss", ["softmax", "sampled-softmax", "bce", "gbce"])
def test_every_loss_trains_every_network(name, loss):
    torch.manual_seed(0)
    rows = [[(start + 2 * k) % ITEMS for k in range(7)] for start in range(ITEMS)]
    data = Sequences.from_lists(rows)
    model = BUILD[name](catalogue_loss(LossConfig(loss=loss, negatives=8), data, ITEMS)).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    first = last = 0.0
    for step in range(150):
        optimizer.zero_grad()
        value = model(_batch(rows))
        value.backward()
        optimizer.step()
        first, last = (value.item() if step == 0 else first), value.item()
    assert last < 0.8 * first


def test_padding_never_enters_the_loss():
    torch.manual_seed(0)
    data = Sequences.from_lists(_histories(3))
    model = BUILD["sasrec"](catalogue_loss(LossConfig(precision="fp32"), data, ITEMS)).eval()
    batch = _batch([[1, 2, 3, 4], [5, 6], [7, 8, 9]])
    noisy = replace(batch, items=torch.where(batch.mask(), batch.items, torch.randint(ITEMS, batch.items.shape)))
    torch.testing.assert_close(model(batch), model(noisy))
    single = [model(_batch([row])) * (len(row) - 1) for row in ([1, 2, 3, 4], [5, 6], [7, 8, 9])]
    torch.testing.assert_close(model(batch), sum(single) / 6)


def test_last_only_trains_on_the_newest_target():
    config = GRU4RecConfig(dim=16, hidden=16, last_only=True, dropout=0.0)
    data = Sequences.from_lists(_histories(4))
    torch.manual_seed(0)
    model = gru4rec(config, ITEMS, catalogue_loss(LossConfig(precision="fp32"), data, ITEMS)).eval()
    states = model.user_vectors(Sequences.from_lists([[1, 2, 3], [5]]))
    wanted = torch.nn.functional.cross_entropy(states @ model.item_vectors().T, torch.tensor([4, 6]))
    torch.testing.assert_close(model(_batch([[1, 2, 3, 4], [5, 6]])), wanted)


def test_cloze_masks_real_places_and_at_least_one_in_each_row():
    torch.manual_seed(0)
    model = BUILD["bert4rec"]()
    batch = _batch([row for row in _histories(5, rows=200, longest=7) if row])
    hidden = model._cloze(batch)
    assert not (hidden & ~batch.mask()).any()
    assert hidden.any(1).all()
    only_last = hidden.sum(1) == 1
    assert hidden[only_last].gather(1, (batch.lengths[only_last] - 1)[:, None]).float().mean() > 0.3


def test_blocks_cover_all_rows_within_the_budget():
    lengths = np.random.default_rng(0).integers(0, 30, 500)
    blocks = list(blocks_of_like_length(lengths, 100))
    assert sorted(np.concatenate(blocks).tolist()) == np.flatnonzero(lengths).tolist()
    assert all(len(b) * lengths[b].max() <= 100 for b in blocks)
