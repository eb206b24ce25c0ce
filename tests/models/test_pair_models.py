"""MF and LightGCN: scores, strangers, penalties and learning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.models.lightgcn import LightGCN, LightGCNConfig, training_graph
from foretaste.models.mf import MF, MFConfig
from foretaste.models.pair_losses import PairLossConfig, pair_loss
from foretaste.models.pairs import PairModel
from foretaste.nn.batch import PairBatch
from foretaste.training.pairs import PairBatches

V = 8
TRAIN = Sequences.from_lists([[0, 1, 2], [1, 3, 1], [4], [5, 6, 0, 2], [], [2, 3]])
USERS = np.arange(6)


def lightgcn(loss: Any = None, *, cosine: bool = False, **keys: Any) -> LightGCN:
    torch.manual_seed(0)
    return LightGCN(training_graph(TRAIN, V), LightGCNConfig(dim=4, **keys), loss, cosine=cosine)


def mf(loss: Any = None, *, cosine: bool = False, sparse: bool = False, **keys: Any) -> MF:
    torch.manual_seed(0)
    return MF(len(TRAIN), V, MFConfig(dim=4, **keys), loss, cosine=cosine, sparse=sparse)


def propagated(model: LightGCN) -> tuple[torch.Tensor, torch.Tensor]:
    users, items = model.representations()
    return users.table().detach(), items.table().detach()


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_with_the_training_part_as_history_a_user_has_the_trained_vector(layers: int) -> None:
    model = lightgcn(layers=layers, ridge=0.0)
    users, items = propagated(model)
    torch.testing.assert_close(model.user_vectors(TRAIN, USERS), users)
    torch.testing.assert_close(model.score(TRAIN, USERS), users @ items.T)


def test_a_stranger_is_a_node_with_a_zero_vector() -> None:
    model = lightgcn(layers=2, ridge=0.0)
    with torch.no_grad():
        model.users.weight[3] = 0
    model.forget()
    users, _ = propagated(model)
    twice = Sequences.from_lists([[5, 6, 0, 2, 5, 0]])
    for ids in (None, np.array([-1])):
        torch.testing.assert_close(model.user_vectors(twice, ids)[0], users[3])


@pytest.mark.parametrize("make", [mf, lightgcn])
def test_new_items_count_unless_told_otherwise(make: Any) -> None:
    longer = Sequences.from_lists([[0, 1, 2, 7]])
    fresh, stale = make(), make(fresh=False)
    assert not torch.allclose(fresh.user_vectors(longer, USERS[:1]), fresh.user_vectors(TRAIN.take([0]), USERS[:1]))
    torch.testing.assert_close(stale.user_vectors(longer, USERS[:1]), stale.user_vectors(TRAIN.take([0]), USERS[:1]))
    torch.testing.assert_close(stale.user_vectors(longer), fresh.user_vectors(longer))


def test_empty_histories_of_strangers_tie_all_items() -> None:
    for model in (mf(), lightgcn()):
        assert (model.score(Sequences.from_lists([[], []]), np.array([-1, -1])) == 0).all()


def test_mf_scores_are_the_inner_products() -> None:
    model = mf(fresh=False)
    expected = model.users.weight @ model.items.weight.T
    torch.testing.assert_close(model.score(TRAIN, USERS), expected.detach())


@pytest.mark.parametrize("make", [mf, lightgcn])
def test_the_history_pulls_its_items_up(make: Any) -> None:
    corrected, plain = make(init_std=1.0), make(init_std=1.0, fresh=False)
    again = Sequences.from_lists([[7, 7]])
    places = [
        int((model.score(again, USERS[:1]) > model.score(again, USERS[:1])[0, 7]).sum()) for model in (corrected, plain)
    ]
    assert places[0] < places[1]
    torch.testing.assert_close(corrected.score(again), corrected.score(Sequences.from_lists([[7]])))


def test_known_and_unknown_users_stand_side_by_side() -> None:
    for model in (mf(), lightgcn()):
        mixed = model.user_vectors(TRAIN, np.array([0, -1, 2, -1, 4, -1]))
        torch.testing.assert_close(mixed[::2], model.user_vectors(TRAIN, USERS)[::2])
        torch.testing.assert_close(mixed[1::2], model.user_vectors(TRAIN)[1::2])


def test_cosine_models_list_by_direction() -> None:
    model = lightgcn(cosine=True, ridge=0.0)
    users, items = propagated(model)
    cosine = F.normalize(users[:4], dim=1) @ F.normalize(items, dim=1).T
    found = model.score(TRAIN, USERS)[:4]
    torch.testing.assert_close(F.normalize(found, dim=1), F.normalize(cosine, dim=1))


def test_renumbering_items_permutes_scores() -> None:
    new = torch.tensor([3, 0, 4, 1, 2, 7, 5, 6])
    renamed = Sequences.from_lists([[int(new[i]) for i in row] for row in TRAIN])
    first, second = lightgcn(), lightgcn()
    second.graph.connect(as_tensor(renamed.owners()), as_tensor(renamed.flat()))
    with torch.no_grad():
        second.items.weight[new] = first.items.weight
    torch.testing.assert_close(first.score(TRAIN, USERS), second.score(renamed, USERS)[:, new])


def whole_batch() -> PairBatch:
    return PairBatch(as_tensor(TRAIN.owners()), as_tensor(TRAIN.flat()))


@pytest.mark.parametrize("make", [mf, lightgcn])
def test_the_penalty_is_half_the_squares_of_what_the_batch_looks_at(make: Any) -> None:
    losses = {}
    for l2 in (0.0, 0.1):
        model = make(pair_loss(PairLossConfig(loss="bpr", negatives=1), TRAIN, V), l2=l2)
        looked_at: list[torch.Tensor] = []
        draw = model.loss.sampler.own
        model.loss.sampler.own = lambda *a, _draw=draw, _log=looked_at: _log.append(_draw(*a)) or _log[-1]
        torch.manual_seed(5)
        losses[l2] = model(whole_batch()).detach()
    batch, wrong = whole_batch(), looked_at[0][:, 0]
    users, items = model.users.weight.detach(), model.items.weight.detach()
    squares = users[batch.users].square().sum() + items[batch.items].square().sum() + items[wrong].square().sum()
    torch.testing.assert_close(losses[0.1] - losses[0.0], 0.1 / 2 * squares / len(batch.users))


@pytest.mark.parametrize("loss", ["bpr", "infonce", "softmax", "sampled-softmax", "bce", "gbce"])
@pytest.mark.parametrize("make", [mf, lightgcn])
def test_every_loss_learns_who_took_what(make: Any, loss: str) -> None:
    config = PairLossConfig(loss=loss, negatives=4)
    model: PairModel = make(pair_loss(config, TRAIN, V), cosine=config.cosine, init_std=0.1, fresh=False)
    batches = PairBatches(TRAIN, size=6, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for epoch in range(50):
        for block in batches.epoch(epoch):
            optimizer.zero_grad()
            model(batches.batch(block)).backward()
            optimizer.step()
    scores = model.score(TRAIN, USERS)
    for user in (0, 1, 3):
        taken = set(TRAIN[user].tolist())
        best = set(scores[user].topk(len(taken)).indices.tolist())
        assert len(best & taken) >= len(taken) - 1


def test_sparse_gradients_are_the_dense_ones() -> None:
    grads = []
    for sparse in (False, True):
        model = mf(pair_loss(PairLossConfig(loss="bpr", negatives=2), TRAIN, V), sparse=sparse, l2=0.1)
        torch.manual_seed(3)
        model(whole_batch()).backward()
        assert model.users.weight.grad is not None
        assert model.users.weight.grad.is_sparse == sparse
        grads.append(model.users.weight.grad.to_dense())
    torch.testing.assert_close(*grads)


def test_scoring_follows_the_weights() -> None:
    for model in (mf(), lightgcn()):
        before = model.score(TRAIN, USERS)
        state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        state["items.weight"] = state["items.weight"].roll(1, 0)
        model.load_state_dict(state)
        assert not torch.allclose(model.score(TRAIN, USERS), before)
