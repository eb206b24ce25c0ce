"""Propagation over the bipartite graph, against the dense matrices of the paper."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from foretaste.nn.graph import BipartiteGraph

USERS, ITEMS, DIM = 7, 5, 3


def dense_adjacency(pairs: set[tuple[int, int]], users: int, items: int) -> Tensor:
    """``D^-1/2 A D^-1/2`` over users and items together, with rows of zeros for nodes without edges."""
    matrix = np.zeros((users + items, users + items))
    for user, item in pairs:
        matrix[user, users + item] = matrix[users + item, user] = 1
    degree = matrix.sum(1)
    scale = np.array([d**-0.5 if d else 0.0 for d in degree])
    return torch.from_numpy(scale[:, None] * matrix * scale[None, :])


def graph_of(pairs: list[tuple[int, int]], users: int = USERS, items: int = ITEMS) -> BipartiteGraph:
    columns = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
    return BipartiteGraph(users, items).connect(columns[:, 0], columns[:, 1])


pair_lists = st.lists(st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1)), min_size=1, max_size=30)


@given(pair_lists, st.integers(0, 4), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_layer_mean_is_that_of_the_dense_matrices(pairs: list[tuple[int, int]], layers: int, seed: int) -> None:
    torch.manual_seed(seed)
    free = torch.randn(USERS + ITEMS, DIM)
    adjacency = dense_adjacency(set(pairs), USERS, ITEMS).float()
    layer, total = free, free.clone()
    for _ in range(layers):
        layer = adjacency @ layer
        total += layer
    users, items = graph_of(pairs).layer_mean(free[:USERS], free[USERS:], layers)
    torch.testing.assert_close(torch.cat([users, items]), total / (layers + 1))


def test_gradient_is_that_of_the_dense_matrices() -> None:
    torch.manual_seed(0)
    pairs = [(0, 0), (0, 1), (1, 1), (2, 4), (3, 0), (3, 4)]
    free = torch.randn(USERS + ITEMS, DIM, dtype=torch.float64)
    weight = torch.randn(USERS + ITEMS, DIM, dtype=torch.float64)
    ours = free.clone().requires_grad_()
    mixed = torch.cat(graph_of(pairs).layer_mean(ours[:USERS], ours[USERS:], 3))
    (mixed.square() * weight).sum().backward()
    theirs = free.clone().requires_grad_()
    adjacency = dense_adjacency(set(pairs), USERS, ITEMS)
    powers = sum((torch.linalg.matrix_power(adjacency, k) for k in range(4)), torch.zeros_like(adjacency))
    ((powers @ theirs / 4).square() * weight).sum().backward()
    assert ours.grad is not None
    assert theirs.grad is not None
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=1e-5)


def test_a_repeated_pair_is_one_edge() -> None:
    once, twice = graph_of([(0, 0), (1, 0), (1, 3)]), graph_of([(1, 3), (0, 0), (0, 0), (1, 0), (1, 3)])
    assert once.edges == twice.edges == 3
    for name, buffer in once.named_buffers():
        torch.testing.assert_close(dict(twice.named_buffers())[name], buffer)


def test_renumbering_the_items_renumbers_the_result() -> None:
    torch.manual_seed(1)
    pairs = [(0, 0), (0, 1), (1, 1), (2, 4), (3, 0), (3, 4), (6, 2)]
    new = torch.tensor([3, 0, 4, 1, 2])
    users, items = torch.randn(USERS, DIM), torch.randn(ITEMS, DIM)
    moved = torch.empty_like(items)
    moved[new] = items
    a_users, a_items = graph_of(pairs).layer_mean(users, items, 2)
    b_users, b_items = graph_of([(u, int(new[i])) for u, i in pairs]).layer_mean(users, moved, 2)
    torch.testing.assert_close(a_users, b_users)
    torch.testing.assert_close(a_items, b_items[new])


def test_the_saved_state_is_enough() -> None:
    graph = graph_of([(0, 0), (1, 0), (1, 3), (6, 4)])
    empty = BipartiteGraph(USERS, ITEMS, graph.edges)
    empty.load_state_dict(graph.state_dict())
    assert set(graph.state_dict()) == {"user_offsets", "items"}
    for name, buffer in graph.named_buffers():
        torch.testing.assert_close(dict(empty.named_buffers())[name], buffer)


@pytest.mark.parametrize("layers", [0, 2])
def test_nodes_without_edges_keep_their_own_share(layers: int) -> None:
    users, items = torch.ones(USERS, DIM), torch.ones(ITEMS, DIM)
    mixed_users, mixed_items = graph_of([(0, 0)]).layer_mean(users, items, layers)
    torch.testing.assert_close(mixed_users[5], users[5] / (layers + 1))
    torch.testing.assert_close(mixed_items[3], items[3] / (layers + 1))
