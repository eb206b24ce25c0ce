"""Mult-VAE against the formulas of the paper written out over whole rows of the user-item matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.multvae import MultVAE, MultVAEConfig
from foretaste.models.pairs import distinct
from foretaste.training.sets import SetBatches

V = 9
TRAIN = Sequences.from_lists([[0, 1, 2, 1], [3, 4], [], [5, 6, 0, 2], [7, 8], [7, 8, 7], [3, 4, 5]])
SETS = distinct(TRAIN, V)


def network(**keys: Any) -> MultVAE:
    torch.manual_seed(0)
    return MultVAE(V, MultVAEConfig(**{"hidden": (6,), "dim": 4, "dropout": 0.0, **keys}))


def rows_of(sets: Sequences) -> Tensor:
    rows = torch.zeros(len(sets), V)
    rows[torch.from_numpy(sets.owners()), torch.from_numpy(sets.flat().astype(np.int64))] = 1
    return rows


def naive(model: MultVAE, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and logarithm of the variance, from whole rows of length 1."""
    x = F.normalize(rows, dim=1) @ model.read + model.read_bias
    for layer in model.encoder:
        x = layer(torch.tanh(x))
    return x[:, :4], x[:, 4:]


@pytest.mark.parametrize("hidden", [(), (6,), (7, 5)])
def test_the_loss_is_that_of_whole_rows(hidden: tuple[int, ...]) -> None:
    model = network(hidden=hidden, beta=0.3, anneal_steps=0)
    batch = SetBatches(SETS, size=100, seed=0).batch(np.array([0, 1, 3, 6]))
    rows = rows_of(SETS.take([0, 1, 3, 6]))
    torch.manual_seed(1)
    found = model(batch)
    torch.manual_seed(1)
    mean, log_variance = naive(model, rows)
    code = mean + torch.randn_like(mean) * (log_variance / 2).exp()
    logits = model.decode(code) @ model.write.T + model.write_bias
    likelihood = (F.log_softmax(logits, 1) * rows).sum(1).mean()
    kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
    torch.testing.assert_close(found, -likelihood + 0.3 * kl)


def test_scores_are_the_decoded_means_and_the_bias() -> None:
    model = network()
    mean, _ = naive(model, rows_of(SETS))
    expected = model.decode(mean) @ model.write.T + model.write_bias
    torch.testing.assert_close(model.score(TRAIN), expected.detach())
    torch.testing.assert_close(model.score(TRAIN.take([5, 0])), expected.detach()[[5, 0]])
    assert model.score(Sequences.from_lists([])).shape == (0, V)


def test_the_weight_of_the_kl_term_rises_to_its_cap() -> None:
    model, weights = network(beta=0.2, anneal_steps=10), []
    batch = SetBatches(SETS, size=100, seed=0).batch(np.array([0, 1]))
    for _ in range(5):
        weights.append(float(model._anneal()))
        model(batch)
    assert weights == pytest.approx([0.0, 0.1, 0.2, 0.2, 0.2])


def test_dropout_hides_items_in_training_only() -> None:
    model = network(dropout=0.5)
    items, lengths = torch.tensor([0, 1, 2, 3]), torch.tensor([4])
    assert len({model.encode(items, lengths)[0][0, 0].item() for _ in range(5)}) > 1
    scores = model.score(TRAIN)
    assert model.training
    torch.testing.assert_close(model.score(TRAIN), scores)


def test_an_epoch_has_every_user_with_items_once() -> None:
    batches = SetBatches(SETS, size=5, seed=1)
    blocks = batches.epoch(3)
    assert sorted(np.concatenate(blocks).tolist()) == [0, 1, 3, 4, 5, 6]
    assert len(blocks) == 4
    assert [block.tolist() for block in batches.epoch(3)] == [block.tolist() for block in blocks]
    assert [block.tolist() for block in batches.epoch(4)] != [block.tolist() for block in blocks]
    batch = batches.batch(np.array([5, 0]))
    assert batch.items.tolist() == [7, 8, 0, 1, 2]
    assert batch.lengths.tolist() == [2, 3]


def test_it_learns_what_goes_together() -> None:
    model = network(dropout=0.2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    batches = SetBatches(SETS, size=8, seed=0)
    for epoch in range(150):
        for block in batches.epoch(epoch):
            optimizer.zero_grad()
            model(batches.batch(block)).backward()
            optimizer.step()
    best = model.score(Sequences.from_lists([[7], [3]])).topk(2, dim=1).indices
    assert set(best[0].tolist()) == {7, 8}
    assert 4 in best[1].tolist()
