"""Texts beside the graph: EMB-KNN, KAR's tables, and RLMRec's terms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.models.embknn import EmbKNN
from foretaste.models.graph_alignment import ProfileContrast, ProfileGeneration
from foretaste.models.history_means import history_means
from foretaste.models.kar import ExpertConfig, augmented_tables
from foretaste.models.lightgcn import LightGCN, LightGCNConfig, training_graph
from foretaste.models.pair_losses import PairLossConfig, pair_loss
from foretaste.models.pairs import free_tables
from foretaste.nn.batch import PairBatch
from foretaste.nn.growth import NewItems, grow

V, D, DIM = 8, 5, 4
TRAIN = Sequences.from_lists([[0, 1, 2], [1, 3, 1], [4], [5, 6, 0, 2], [], [2, 3], [7, 0, 1]])
USERS = np.arange(len(TRAIN))
torch.manual_seed(11)
TEXTS = torch.randn(V, D)
TEXTS[6] = TEXTS[2]


def network(**keys: Any) -> LightGCN:
    torch.manual_seed(0)
    config = LightGCNConfig(dim=DIM, layers=2, l2=0.0, ridge=0.0, init_std=1.0)
    return LightGCN(training_graph(TRAIN, V), config, pair_loss(PairLossConfig(loss="bpr"), TRAIN, V), **keys)


def augmented(join: str = "concat") -> LightGCN:
    torch.manual_seed(1)
    free = free_tables(len(TRAIN), V, DIM, std=1.0)
    texts = history_means(TRAIN, TEXTS), TEXTS
    return network(tables=augmented_tables(free, texts, ExpertConfig(join=join, expert_hidden=3)))


def whole_batch() -> PairBatch:
    return PairBatch(as_tensor(TRAIN.owners()), as_tensor(TRAIN.flat()))


def test_means_are_over_distinct_items() -> None:
    means = history_means(TRAIN, TEXTS)
    torch.testing.assert_close(means[1], (TEXTS[1] + TEXTS[3]) / 2)
    assert (means[4] == 0).all()
    assert history_means(Sequences.from_lists([[], []]), TEXTS).tolist() == [[0.0] * D] * 2


def test_embknn_scores_are_cosines_with_the_mean() -> None:
    expected = F.normalize(history_means(TRAIN, TEXTS), dim=1) @ F.normalize(TEXTS, dim=1).T
    torch.testing.assert_close(EmbKNN(TEXTS).score(TRAIN), expected)


def test_embknn_finds_a_new_item_by_its_text() -> None:
    model = EmbKNN(TEXTS)
    grow(model, NewItems.of(3 * TEXTS[3:4], TEXTS, neighbours=2))
    scores = model.score(TRAIN)
    assert scores.shape == (len(TRAIN), V + 1)
    torch.testing.assert_close(scores[:, V], scores[:, 3])


@pytest.mark.parametrize("join", ["concat", "add", "linear"])
def test_kar_begins_with_ids_and_adapted_texts(join: str) -> None:
    model = augmented(join)
    items: Any = model.items
    adapted = items.experts(TEXTS, 1)
    expected = {"concat": torch.cat([items.ids.weight, adapted], 1), "add": items.ids.weight + adapted}
    if join != "linear":
        torch.testing.assert_close(items.table(), expected[join])
    ids = torch.tensor([[3, 0], [7, 3]])
    torch.testing.assert_close(items(ids), items.table()[ids])
    users, smoothed = (side.table() for side in model.representations())
    torch.testing.assert_close(model.score(TRAIN, USERS), (users @ smoothed.T).detach())
    model(whole_batch()).backward()
    assert items.experts.common.weight.grad.abs().sum() > 0
    assert "items.texts" not in dict(model.named_parameters())


@pytest.mark.parametrize("make", [network, augmented])
def test_a_new_item_borrows_what_the_graph_makes_of_items_like_it(make: Any) -> None:
    model = make()
    before = model.score(TRAIN, USERS)
    users = model.user_vectors(TRAIN, USERS)
    grow(model, NewItems.of(TEXTS[3:4], TEXTS, neighbours=1))
    scores = model.score(TRAIN, USERS)
    torch.testing.assert_close(scores[:, :V], before)
    torch.testing.assert_close(scores[:, V], before[:, 3])
    longer = Sequences.from_lists([[0, 1, 2, V], [0, 1, 2, 3]])
    with_new, with_old = model.user_vectors(longer, np.array([0, 0]))
    torch.testing.assert_close(with_new, with_old)
    assert not torch.allclose(with_new, users[0])


def naive_matching(queries: Tensor, own: Tensor, numbers: Tensor, temperature: float) -> Tensor:
    """A softmax over the node's own text and all other texts."""
    logits = F.normalize(queries, dim=1) @ F.normalize(own, dim=1).T / temperature
    same = (numbers[:, None] == numbers) & ~torch.eye(len(own), dtype=torch.bool)
    return F.cross_entropy(logits.masked_fill(same, -torch.inf), torch.arange(len(own)))


def test_con_matches_users_and_items_with_their_texts() -> None:
    model, means = network(), history_means(TRAIN, TEXTS)
    term = ProfileContrast(means, TEXTS, DIM, weight=0.5, temperature=0.3)
    smoothing = model.smoothing()
    found = term(model, whole_batch(), smoothing.side(0), smoothing.side(1))
    active = torch.tensor([0, 1, 2, 3, 5, 6])
    numbers = torch.tensor([0, 1, 2, 3, 4, 5, 2, 7])
    users = naive_matching(smoothing.rows(0, active), term.project(means[active]), active, 0.3)
    items = naive_matching(smoothing.rows(1, None), term.project(TEXTS), numbers, 0.3)
    torch.testing.assert_close(found, 0.5 * (users + items))
    found.backward()
    assert model.users.weight.grad.abs().sum() > 0


def test_gen_tells_hidden_nodes_from_their_neighbours_alone() -> None:
    model, means = network(), history_means(TRAIN, TEXTS)
    term = ProfileGeneration(means, TEXTS, DIM, weight=1.0, temperature=0.3, share=0.0)
    smoothing = model.smoothing()
    values = []
    for _ in range(2):
        torch.manual_seed(4)
        hidden = [term._drawn(torch.unique(asked)) for asked in (whole_batch().users, whole_batch().items)]
        torch.manual_seed(4)
        values.append(term(model, whole_batch(), smoothing.side(0), smoothing.side(1)).item())
        with torch.no_grad():
            model.users.weight[hidden[0]] += 5
            model.items.weight[hidden[1]] += 5
    assert [len(ids) for ids in hidden] == [1, 1]
    assert values[0] == pytest.approx(values[1])
    with torch.no_grad():
        model.items.weight[(hidden[1] + 1) % V] += 5
    torch.manual_seed(4)
    assert term(model, whole_batch(), smoothing.side(0), smoothing.side(1)).item() != pytest.approx(values[0])


@pytest.mark.parametrize("kind", ["con", "gen"])
def test_alignment_falls_in_training(kind: str) -> None:
    model, means = network(), history_means(TRAIN, TEXTS)
    torch.manual_seed(3)
    keys = {"weight": 1.0, "temperature": 0.2}
    term: Any = (
        ProfileContrast(means, TEXTS, DIM, **keys)
        if kind == "con"
        else ProfileGeneration(means, TEXTS, DIM, share=0.6, **keys)
    )
    optimizer = torch.optim.Adam([*model.parameters(), *term.parameters()], lr=0.03)
    values = []
    for _ in range(60):
        smoothing = model.smoothing()
        value = term(model, whole_batch(), smoothing.side(0), smoothing.side(1))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert np.mean(values[-10:]) < 0.6 * np.mean(values[:5])
