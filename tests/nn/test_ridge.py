"""Ridge regression in blocks, against least squares over all examples."""

import torch
from torch import nn

from foretaste.nn.ridge import Ridge


def test_blocks_give_what_all_examples_give():
    torch.manual_seed(0)
    x, y = torch.randn(200, 6), torch.randn(200, 3)
    ridge, layer = Ridge(6, 3, torch.device("cpu")), nn.Linear(6, 3)
    for part in range(0, 200, 64):
        ridge.add(x[part : part + 64], y[part : part + 64])
    ridge.solve(layer, strength=0.0)
    wanted = torch.linalg.lstsq(torch.cat([x, torch.ones(200, 1)], 1), y).solution
    torch.testing.assert_close(layer.weight.T, wanted[:6], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(layer.bias, wanted[6], atol=1e-4, rtol=1e-3)


def test_the_penalty_shrinks_weights_but_not_the_mean():
    torch.manual_seed(0)
    x, y = torch.randn(100, 4), torch.randn(100, 2) + 5
    norms = []
    for strength in (0.0, 1.0, 1e6):
        ridge, layer = Ridge(4, 2, torch.device("cpu")), nn.Linear(4, 2)
        ridge.add(x, y)
        ridge.solve(layer, strength)
        norms.append(layer.weight.norm().item())
    assert norms[0] > norms[1] > norms[2]
    torch.testing.assert_close(layer(x), y.mean(0).expand(100, 2), atol=1e-3, rtol=0)


def test_dependent_or_missing_inputs_give_finite_weights():
    ridge, layer = Ridge(3, 2, torch.device("cpu")), nn.Linear(3, 2)
    ridge.add(torch.ones(5, 3), torch.ones(5, 2))
    ridge.solve(layer)
    torch.testing.assert_close(layer(torch.ones(1, 3)), torch.ones(1, 2), atol=1e-3, rtol=0)
    empty = Ridge(3, 2, torch.device("cpu"))
    empty.solve(layer)
    assert layer.weight.isfinite().all()
