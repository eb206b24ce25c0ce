"""Look-ups in smoothed vectors and their gradients, against the dense matrices."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.smoothing import Smoothing

USERS, ITEMS, DIM = 6, 5, 3
PAIRS = [(0, 0), (0, 1), (1, 1), (2, 4), (3, 0), (3, 4), (5, 2)]


def graph_of(pairs: list[tuple[int, int]]) -> BipartiteGraph:
    columns = torch.tensor(pairs)
    return BipartiteGraph(USERS, ITEMS).connect(columns[:, 0], columns[:, 1])


def dense(pairs: list[tuple[int, int]]) -> Tensor:
    """``D^-1/2 A D^-1/2`` over users and items together."""
    matrix = torch.zeros(USERS + ITEMS, USERS + ITEMS, dtype=torch.float64)
    for user, item in pairs:
        matrix[user, USERS + item] = matrix[USERS + item, user] = 1
    scale = matrix.sum(1).clamp_min(1).rsqrt()
    return scale[:, None] * matrix * scale


def free_vectors() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(USERS + ITEMS, DIM, dtype=torch.float64)


def constant(layer: Tensor) -> Tensor:
    return torch.full_like(layer, 0.25)


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("noisy", [False, True])
def test_rows_and_gradients_are_those_of_the_dense_matrices(layers: int, first: int, noisy: bool) -> None:
    if first > layers:
        pytest.skip("the mean has no layer")
    half = PAIRS[::2]
    graphs = [graph_of(PAIRS if k % 2 == 0 else half) for k in range(layers)]
    ours, theirs = free_vectors().requires_grad_(), free_vectors().requires_grad_()
    smoothing = Smoothing(graphs, ours[:USERS], ours[USERS:], first=first, perturb=constant if noisy else None)
    all_layers = [theirs]
    for k in range(layers):
        all_layers.append(dense(PAIRS if k % 2 == 0 else half) @ all_layers[-1] + (0.25 if noisy else 0.0))
    mean = torch.stack(all_layers[first:]).mean(0)

    users, items, wide = torch.tensor([0, 3, 3]), torch.tensor([4, 0, 2]), torch.tensor([[0, 1], [1, 4]])
    found = (
        smoothing.side(0)(users),
        smoothing.side(1)(items),
        smoothing.side(1)(wide),
        smoothing.side(0).at(0)(users),
        smoothing.side(1).at(layers)(items),
        smoothing.side(1).table(),
    )
    wanted = (
        mean[users],
        mean[USERS + items],
        mean[USERS + wide],
        theirs[users],
        all_layers[layers][USERS + items],
        mean[USERS:],
    )
    weights = [torch.randn(rows.shape, dtype=torch.float64) for rows in wanted]
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6)
    for rows in (found, wanted):
        sum((row.square() * weight).sum() for row, weight in zip(rows, weights, strict=True)).backward()
    assert ours.grad is not None
    assert theirs.grad is not None
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=1e-5)


def test_what_is_not_part_of_the_loss_leaves_no_gradient() -> None:
    free = free_vectors().requires_grad_()
    smoothing = Smoothing([graph_of(PAIRS)] * 2, free[:USERS], free[USERS:])
    smoothing.side(1)(torch.tensor([1, 2]))
    smoothing.side(0).at(0)(torch.tensor([4])).sum().backward()
    assert free.grad is not None
    expected = torch.zeros_like(free)
    expected[4] = 1
    torch.testing.assert_close(free.grad, expected)


def test_two_backward_passes_add_up_as_one() -> None:
    grads = []
    for together in (True, False):
        free = free_vectors().requires_grad_()
        smoothing = Smoothing([graph_of(PAIRS)], free[:USERS], free[USERS:])
        first, second = smoothing.side(0)(torch.tensor([0, 1])).sum(), smoothing.side(1)(torch.tensor([4])).sum()
        if together:
            (first + second).backward()
        else:
            first.backward(retain_graph=True)
            second.backward()
        assert free.grad is not None
        grads.append(free.grad)
    torch.testing.assert_close(*grads)
