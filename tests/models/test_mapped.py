"""States and keys that differ from what is read: training and scoring use the same two."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.mapped import Keys, MappedLoss, MappedRecommender, UnitItems, UnitStates, as_read, first_view
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.text_items import Views

ITEMS = 12
ROWS = [[1, 2, 3, 4], [5, 6], [], [7, 8, 9]]
HISTORIES = Sequences.from_lists(ROWS)
TRAIN = Sequences.from_lists([row for row in ROWS if row])


def batch() -> SequenceBatch:
    padded = torch.from_numpy(TRAIN.padded()).long()
    return SequenceBatch(padded, torch.from_numpy(TRAIN.lengths), torch.arange(len(TRAIN)))


def network(items: ItemRepresentation, query: nn.Module, keys: Keys, *, loss: str = "softmax") -> MappedRecommender:
    config = BackboneConfig(backbone="gru4rec", dim=8, hidden=8, max_len=6)
    inner = catalogue_loss(LossConfig(loss=loss, precision="fp32", negatives=3), TRAIN, ITEMS)
    return MappedRecommender(backbone(config, items, MappedLoss(inner, query, keys)), query, keys).eval()


def states_and_targets(model: MappedRecommender) -> tuple[Tensor, Tensor]:
    prefixes = [(row[:end], row[end]) for row in TRAIN for end in range(1, len(row))]
    states = model.model.user_vectors(Sequences.from_lists([list(p) for p, _ in prefixes]))
    return states, torch.tensor([int(t) for _, t in prefixes])


def test_cosines_over_a_temperature() -> None:
    torch.manual_seed(0)
    items = IdTable(ITEMS, 8, std=2.0)
    model = network(items, UnitStates(0.07), UnitItems)
    states, targets = states_and_targets(model)
    cosines = F.cosine_similarity(states[:, None], items.weight[None], dim=-1) / 0.07
    torch.testing.assert_close(model(batch()), F.cross_entropy(cosines, targets))
    torch.testing.assert_close(model.item_vectors().norm(dim=1), torch.ones(ITEMS))
    scores = model.score(HISTORIES)
    assert not scores[2].any(), "without a history all items tie"
    states = model.model.user_vectors(HISTORIES)[[0, 1, 3]]
    wanted = F.cosine_similarity(states[:, None], items.weight[None], dim=-1) / 0.07
    torch.testing.assert_close(scores[[0, 1, 3]], wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("loss", ["softmax", "sampled-softmax", "bce", "gbce"])
def test_every_loss_reaches_map_and_items(loss: str) -> None:
    query = nn.Linear(8, 5)
    views = Views([IdTable(ITEMS, 5), IdTable(ITEMS, 3)])
    model = network(views, query, first_view, loss=loss).train()
    model(batch()).backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in model.parameters())
    assert model.item_vectors().shape == (ITEMS, 5)
    model.eval()
    scores = model.score(HISTORIES)
    torch.testing.assert_close(scores[0], query(model.model.user_vectors(HISTORIES))[0] @ views.table()[:, :5].T)
    assert not scores[2].any()


def test_what_scores_does_not_need_the_loss() -> None:
    trained = network(IdTable(ITEMS, 8), nn.Linear(8, 8), as_read)
    query = nn.Linear(8, 8)
    config = BackboneConfig(backbone="gru4rec", dim=8, hidden=8, max_len=6)
    empty = MappedRecommender(backbone(config, IdTable(ITEMS, 8)), query, as_read).eval()
    state = trained.state_dict()
    empty.load_state_dict({key: state[key] for key in empty.state_dict()})
    torch.testing.assert_close(empty.score(HISTORIES), trained.score(HISTORIES))


def test_the_folded_table_lasts_until_the_mode_changes() -> None:
    items = IdTable(ITEMS, 8)
    model = network(items, UnitStates(0.1), UnitItems)
    model.prepare()
    kept = model.item_vectors()
    assert model.item_vectors() is kept
    for change in (model.train, model.eval, model.prepare):
        with torch.no_grad():
            items.weight.normal_()
        change()
        torch.testing.assert_close(model.item_vectors(), F.normalize(items.weight, dim=1))
