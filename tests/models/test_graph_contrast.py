"""SGL's views, XSimGCL's noise, and the contrast both are trained with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.models.graph_contrast import LayerContrast, SignedNoise, ViewContrast, contrast
from foretaste.models.lightgcn import LightGCN, LightGCNConfig, training_graph
from foretaste.models.pair_losses import PairLossConfig, pair_loss
from foretaste.nn.batch import PairBatch
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.graph_views import draw_view

V = 8
TRAIN = Sequences.from_lists([[0, 1, 2], [1, 3, 1], [4], [5, 6, 0, 2], [], [2, 3], [7, 0, 1]])
USERS = np.arange(len(TRAIN))


def network(**keys: Any) -> LightGCN:
    torch.manual_seed(0)
    loss = pair_loss(PairLossConfig(loss="bpr"), TRAIN, V)
    config = LightGCNConfig(dim=4, layers=2, l2=0.0, ridge=0.0, init_std=1.0)
    return LightGCN(training_graph(TRAIN, V), config, loss, **keys)


def whole_batch() -> PairBatch:
    return PairBatch(as_tensor(TRAIN.owners()), as_tensor(TRAIN.flat()))


def edges_of(graph: BipartiteGraph) -> set[tuple[int, int]]:
    owners = np.repeat(np.arange(graph.num_users), graph.user_offsets.diff().numpy())
    return set(zip(owners.tolist(), graph.items.tolist(), strict=True))


def test_the_contrast_is_the_naive_one() -> None:
    torch.manual_seed(1)
    x, y = torch.randn(5, 3), torch.randn(5, 3)
    logits = F.normalize(x, dim=1) @ F.normalize(y, dim=1).T / 0.3
    expected = F.cross_entropy(logits, torch.arange(5))
    torch.testing.assert_close(contrast(x, y, 0.3), expected)


@pytest.mark.parametrize("kind", ["edges", "walk"])
def test_a_view_drops_its_share_of_the_edges(kind: str) -> None:
    graph = training_graph(TRAIN, V)
    view = draw_view(graph, kind, 0.25, 2, np.random.default_rng(0))
    for layer in view:
        assert edges_of(layer) < edges_of(graph)
        assert layer.edges == graph.edges - graph.edges // 4
    assert (edges_of(view[0]) == edges_of(view[1])) == (kind == "edges")


def test_a_view_of_nodes_drops_all_their_edges() -> None:
    graph = training_graph(TRAIN, V)
    kept = edges_of(draw_view(graph, "nodes", 0.25, 1, np.random.default_rng(1))[0])
    gone = edges_of(graph) - kept
    users, items = {user for user, _ in kept}, {item for _, item in kept}
    assert gone
    assert all(user not in users or item not in items or (user, item) in kept for user, item in edges_of(graph))


def test_views_depend_on_seed_and_epoch_alone() -> None:
    model = network()
    seen = []
    for seed, epoch in ((3, 5), (3, 5), (3, 6), (4, 5)):
        term = ViewContrast("edges", 0.5, weight=1.0, temperature=0.2, seed=seed)
        torch.rand(seed)
        term.begin_epoch(epoch)
        one, other = (edges_of(view[0]) for view in term.views(model))
        assert one != other
        seen.append((one, other))
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]
    assert seen[0] != seen[3]
    again = ViewContrast("edges", 0.5, weight=1.0, temperature=0.2, seed=3)
    again.load_state_dict({"epoch": torch.tensor(5)})
    assert tuple(edges_of(view[0]) for view in again.views(model)) == seen[0]


def test_sgl_adds_the_contrast_of_its_views() -> None:
    losses = {}
    for weight in (0.0, 2.0):
        term = ViewContrast("edges", 0.3, weight=weight, temperature=0.2, seed=0)
        model = network(terms=[term])
        torch.manual_seed(5)
        losses[weight] = model(whole_batch()).detach()
    sides = [
        view[0].layer_mean(model.users.table().detach(), model.items.table().detach(), 2) for view in term.views(model)
    ]
    users, items = (torch.unique(ids) for ids in (whole_batch().users, whole_batch().items))
    expected = contrast(sides[0][0][users], sides[1][0][users], 0.2)
    expected = expected + contrast(sides[0][1][items], sides[1][1][items], 0.2)
    torch.testing.assert_close(losses[2.0] - losses[0.0], 2 * expected)


def test_noise_has_its_length_and_the_orthant_of_the_vector() -> None:
    torch.manual_seed(2)
    layer = torch.randn(50, 6)
    noise = SignedNoise(0.3)(layer)
    torch.testing.assert_close(noise.norm(dim=1), torch.full((50,), 0.3))
    assert (noise * layer >= 0).all()


def test_xsimgcl_leaves_the_nodes_own_vectors_out() -> None:
    model = network(first=1, perturb=SignedNoise(0.2))
    users, items = model.users.table().detach(), model.items.table().detach()
    layers = [(users, items)]
    for _ in range(2):
        layers.append(model.graph.propagate(*layers[-1]))
    expected = (layers[1][0] + layers[2][0]) / 2, (layers[1][1] + layers[2][1]) / 2
    torch.testing.assert_close(model.scoring_tables(), expected)
    torch.testing.assert_close(model.user_vectors(TRAIN, USERS), expected[0])


def test_xsimgcl_contrasts_layers_of_the_perturbed_pass() -> None:
    losses = {}
    for weight in (0.0, 1.0):
        model = network(first=1, perturb=SignedNoise(0.2), terms=[LayerContrast(1, weight=weight, temperature=0.3)])
        torch.manual_seed(7)
        losses[weight] = model(whole_batch()).detach()
    torch.manual_seed(7)
    smoothing = model.smoothing(perturb=SignedNoise(0.2))
    users, items = (torch.unique(ids) for ids in (whole_batch().users, whole_batch().items))
    expected = sum(
        contrast(smoothing.rows(side, ids), smoothing.rows(side, ids, 1), 0.3)
        for side, ids in enumerate((users, items))
    )
    torch.testing.assert_close(losses[1.0] - losses[0.0], torch.as_tensor(expected).detach())


def test_training_moves_the_views_together() -> None:
    term = ViewContrast("edges", 0.3, weight=1.0, temperature=0.2, seed=0)
    model = network(terms=[term])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    sides = whole_batch()
    first = 0.0
    for step in range(40):
        smoothing = model.smoothing()
        value = term(model, sides, smoothing.side(0), smoothing.side(1))
        first = first or value.item()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        assert step < 39 or value.item() < 0.7 * first
