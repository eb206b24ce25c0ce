"""AlphaRec: nothing has an id, a history is a node, and both ways of sharing negatives mean the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.alpharec import AlphaRec
from foretaste.models.base import as_tensor
from foretaste.models.intent import EPS
from foretaste.models.lightgcn import training_graph
from foretaste.models.losses import negative_sampler
from foretaste.nn import pooling
from foretaste.nn.batch import PairBatch
from foretaste.nn.growth import NewItems, grow
from foretaste.nn.losses import private_infonce as module
from foretaste.nn.losses.infonce import InfoNCELoss
from foretaste.nn.losses.private_infonce import PrivateInfoNCELoss, private_infonce
from foretaste.nn.projector import Projector
from foretaste.nn.reduce import whitening
from foretaste.training.user_pairs import UserPairBatches

V, D = 8, 5
TRAIN = Sequences.from_lists([[0, 1, 2], [1, 3, 1], [4], [5, 6, 0, 2], [], [2, 3]])


def texts(items: int = V) -> Tensor:
    return torch.randn(items, D, generator=torch.Generator().manual_seed(1))


def alpharec(train: Sequences = TRAIN, vectors: Tensor | None = None, *, hidden: int = 7, **keys: Any) -> AlphaRec:
    torch.manual_seed(0)
    vectors = texts() if vectors is None else vectors
    graph = training_graph(train, len(vectors))
    return AlphaRec(graph, vectors, Projector(D, 4, hidden), **{"layers": 2, **keys})


def naive(model: AlphaRec, train: Sequences = TRAIN) -> tuple[Tensor, Tensor]:
    """Equations 1 to 4 with dense matrices, user by user."""
    users, items = len(train), model.num_items
    took = torch.zeros(users, items)
    for user in range(users):
        took[user, as_tensor(train[user])] = 1
    z_users = torch.stack([model.vectors[row > 0].mean(0) if row.any() else torch.zeros(D) for row in took])
    layer = model.projector(torch.cat([z_users, model.vectors])).detach()
    edges = torch.zeros(users + items, users + items)
    edges[:users, users:], edges[users:, :users] = took, took.T
    scale = edges.sum(1).clamp_min(1).rsqrt()
    edges = scale[:, None] * edges * scale
    layers = [layer]
    for _ in range(model.layers):
        layers.append(edges @ layers[-1])
    mixed = torch.stack(layers).mean(0)
    return mixed[:users], mixed[users:]


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
@pytest.mark.parametrize("hidden", [0, 7])
def test_vectors_are_those_of_the_equations(layers: int, hidden: int) -> None:
    model = alpharec(hidden=hidden, layers=layers)
    users, items = naive(model)
    found = [side.table().detach() for side in model.representations()]
    someone = TRAIN.lengths > 0  # who took nothing has no vector: the mean of nothing is not looked at
    torch.testing.assert_close(found[0][someone], users[someone])
    torch.testing.assert_close(found[1], items)
    torch.testing.assert_close(model.item_vectors(), F.normalize(items, dim=1))
    torch.testing.assert_close(model.user_vectors(TRAIN)[someone], users[someone])


def test_a_history_without_items_ties_everything() -> None:
    assert (alpharec().score(Sequences.from_lists([[]])) == 0).all()


def test_no_parameter_grows_with_users_or_items() -> None:
    small, large = alpharec(), alpharec(Sequences.from_lists([[i % 40] for i in range(300)]), texts(40))
    shapes = [[(name, p.shape) for name, p in model.named_parameters()] for model in (small, large)]
    assert shapes[0] == shapes[1]
    assert sum(p.numel() for p in small.parameters()) == D * 7 + 7 + 7 * 4 + 4


@pytest.mark.parametrize("hidden", [0, 7])
def test_renumbering_users_and_items_permutes_the_scores(hidden: int) -> None:
    rng = np.random.default_rng(3)
    items, users = rng.permutation(V), rng.permutation(len(TRAIN))
    renamed = Sequences.from_lists([[int(items[i]) for i in TRAIN[u]] for u in users])
    first = alpharec(hidden=hidden)
    vectors = torch.empty_like(texts())
    vectors[torch.from_numpy(items)] = texts()
    second = alpharec(renamed, vectors, hidden=hidden)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    expected = first.score(TRAIN)[torch.from_numpy(users)]
    torch.testing.assert_close(second.score(renamed)[:, torch.from_numpy(items)], expected, rtol=1e-5, atol=1e-6)


def test_a_new_item_is_a_node_without_edges() -> None:
    model, text = alpharec(), torch.randn(2, D)
    before = model.score(TRAIN)
    grow(model, NewItems.of(text, model.vectors, neighbours=2))
    assert model.num_items == V + 2
    torch.testing.assert_close(model.score(TRAIN)[:, :V], before)
    torch.testing.assert_close(model.item_vectors()[V:], F.normalize(model.projector(text).detach(), dim=1))
    assert model.user_vectors(Sequences.from_lists([[V]])).abs().sum() > 0


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_an_intention_takes_the_place_of_the_users_own_vector(alpha: float) -> None:
    """The paper's way (section 3.4)."""
    model, said = alpharec(wish="propagated"), torch.randn(len(TRAIN), D)
    users, _ = naive(model)
    z_users = torch.stack([model.vectors[as_tensor(np.unique(r))].mean(0) if len(r) else torch.zeros(D) for r in TRAIN])
    moved = alpha * (model.projector(said) - model.projector(z_users)).detach() / (model.layers + 1)
    found = model.intent_vectors(TRAIN, said, alpha)
    someone = TRAIN.lengths > 0
    torch.testing.assert_close(found[someone], (users + moved)[someone])
    torch.testing.assert_close(found[~someone] * 3, model.projector(said).detach()[~someone])


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_a_wish_is_compared_with_the_texts(alpha: float) -> None:
    model, said = alpharec(ridge=0.1), torch.randn(len(TRAIN), D)
    mean, matrix = (part.float() for part in whitening(model.vectors, D, eps=EPS))
    like = F.normalize((said - mean) @ matrix, dim=1) @ F.normalize((model.vectors - mean) @ matrix, dim=1).T
    history = F.normalize(model.user_vectors(TRAIN), dim=1) @ model.item_vectors().T
    someone = torch.from_numpy(TRAIN.lengths > 0)[:, None]
    found = model.intent_vectors(TRAIN, said, alpha) @ model.intent_items().T
    torch.testing.assert_close(found, torch.where(someone, (1 - alpha) * history + alpha * like, like))


def test_an_item_that_came_late_is_wished_for_like_any_other() -> None:
    model, said = alpharec(), torch.randn(1, D)
    nobody = Sequences.from_lists([[]])
    before = model.intent_vectors(nobody, said, 1.0) @ model.intent_items().T
    grow(model, NewItems.of(said * 3, model.vectors, neighbours=2))
    after = model.intent_vectors(nobody, said, 1.0) @ model.intent_items().T
    torch.testing.assert_close(after[:, :V], before)
    assert after.shape == (1, V + 1)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state["vectors"] = state["vectors"].roll(1, 0)
    model.load_state_dict(state)
    assert not torch.allclose(model.intent_vectors(nobody, said, 1.0) @ model.intent_items().T, after)


def test_scoring_follows_the_weights_and_the_texts() -> None:
    for hidden in (0, 7):
        model = alpharec(hidden=hidden)
        before = model.score(TRAIN)
        model.representations()
        state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        state["vectors"] = state["vectors"].roll(1, 0)
        model.load_state_dict(state)
        assert not torch.allclose(model.score(TRAIN), before)


@pytest.mark.parametrize("hidden", [0, 7])
def test_every_edge_of_the_graph_is_differentiated(hidden: int) -> None:
    """The gradient of the texts themselves, which only the trainable variant takes."""
    model = alpharec(hidden=hidden, trainable=True).double()
    weights = torch.randn(len(TRAIN), V, dtype=torch.float64)

    def value(vectors: Tensor) -> Tensor:
        model.vectors.data.copy_(vectors)
        users, items = model.representations()
        return (weights * (users.table() @ items.table().T)).sum()

    start = texts().double()
    value(start).backward()  # type: ignore[no-untyped-call]
    step = torch.randn(V, D, dtype=torch.float64) * 1e-5
    with torch.no_grad():
        difference = (value(start + step) - value(start - step)) / 2
    assert model.vectors.grad is not None
    torch.testing.assert_close((model.vectors.grad * step).sum(), difference, rtol=1e-5, atol=1e-9)


def test_the_mean_of_a_user_is_over_distinct_items() -> None:
    graph = training_graph(TRAIN, V)
    means = pooling.user_means(graph, texts())
    torch.testing.assert_close(means[1], texts()[[1, 3]].mean(0))
    assert (means[4] == 0).all()


def test_private_infonce_is_cross_entropy_with_its_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CELLS", 1)
    torch.manual_seed(0)
    states = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    table = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    targets, drawn = torch.randint(5, (7,)), torch.randint(5, (7, 4))
    logits = torch.einsum("nd,nkd->nk", states, table[torch.cat([targets[:, None], drawn], 1)])
    expected = F.cross_entropy(logits, torch.zeros(7, dtype=torch.int64))
    found = private_infonce(states, table, targets, drawn)
    torch.testing.assert_close(found, expected)
    wanted = torch.autograd.grad(3 * expected, [states, table])
    for ours, theirs in zip(torch.autograd.grad(3 * found, [states, table]), wanted, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_private_and_shared_negatives_pull_the_same_way() -> None:
    """Over many draws both push the projector in one direction: of a large catalogue a user has little."""
    items, draws = 400, 100
    rng = np.random.default_rng(0)
    train = Sequences.from_lists([rng.integers(items, size=3).tolist() for _ in range(64)])
    sampler = negative_sampler("uniform", train, items)
    batch = PairBatch(as_tensor(train.owners()), as_tensor(train.flat()))
    means = []
    for loss in (InfoNCELoss(sampler, negatives=16), PrivateInfoNCELoss(sampler, negatives=16)):
        model = alpharec(train, texts(items), loss=loss)
        for _ in range(draws):
            model(batch).backward()
        means.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]) / draws)
    assert F.cosine_similarity(means[0], means[1], dim=0) > 0.99
    torch.testing.assert_close(means[0].norm(), means[1].norm(), rtol=0.05, atol=0)


def test_users_take_turns() -> None:
    batches = UserPairBatches(TRAIN, size=5, seed=0)
    drawn = np.concatenate([np.concatenate(batches.epoch(n)) for n in range(40)])
    batch = batches.batch(drawn)
    assert all(int(i) in TRAIN[int(u)] for u, i in zip(batch.users, batch.items, strict=True))
    counts = np.bincount(batch.users.numpy(), minlength=6)
    assert counts[4] == 0
    assert counts[[0, 1, 2, 3, 5]].min() > 0.5 * counts.max()
    assert [len(block) for block in batches.epoch(0)] == [5, 5]
    assert all((a == b).all() for a, b in zip(batches.epoch(3), batches.epoch(3), strict=True))
