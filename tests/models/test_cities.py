"""The context network: what it reads, what it ignores, and that it learns."""

import numpy as np
import pytest
import torch

from foretaste.data.contexts import surrounding_contexts
from foretaste.data.sequences import Sequences
from foretaste.models.cities import ContextBatch, ContextNet, ContextNetConfig, sinusoids
from foretaste.training.contexts import ContextBatches

ITEMS, DIM = 30, 8
CONFIG = ContextNetConfig(side=3, contexts=4, layers=1, inner=16, dropout=0.0)


def _rows(seed=0, count=80):
    """Walks on a ring: neighbours of an item are near it."""
    rng = np.random.default_rng(seed)
    return [
        ((rng.integers(ITEMS) + np.cumsum(rng.choice([-1, 1, 1, 2], rng.integers(1, 12)))) % ITEMS).tolist()
        for _ in range(count)
    ]


CONTEXTS = surrounding_contexts(Sequences.from_lists(_rows()), ITEMS, side=CONFIG.side)
ALL = np.flatnonzero(CONTEXTS.counts > 0)


def _ring():
    angle = torch.arange(ITEMS) * (2 * torch.pi / ITEMS)
    waves = [torch.sin(angle * k + shift) for k in (1, 2, 1, 2) for shift in (0.0, torch.pi / 2)]
    return 0.1 * torch.stack(waves, dim=1)


@pytest.fixture
def net():
    torch.manual_seed(0)
    made = ContextNet(DIM, CONFIG)
    made.read(_ring(), ALL)
    return made.eval()


def _alone(net, contexts):
    """What the net tells from contexts given as (row, place of the item), one at a time and by hand."""
    each = []
    for row, centre in contexts:
        vectors = torch.stack([net.mask if n == centre else net.vectors[i] / net.unit for n, i in enumerate(row)])
        places = torch.arange(len(row)) - centre + CONFIG.side
        x = vectors * net.scales[places][:, None] + net.wave_scale * net.waves[places]
        each.append(net.within(x[None])[0].mean(0))
    return net.out(net.across(torch.stack(each)[None])[0].mean(0)) * net.unit


def test_batches_agree_with_one_context_at_a_time(net):
    with torch.no_grad():
        together = net.infer(CONTEXTS, ALL)
        for place, item in enumerate(ALL):
            numbers, _ = CONTEXTS.of(np.array([item]))
            alone = _alone(net, [(CONTEXTS.rows[n].tolist(), int(CONTEXTS.centres[n])) for n in numbers])
            torch.testing.assert_close(together[place], alone, atol=1e-5, rtol=1e-4)


def test_the_item_itself_is_never_read(net):
    item = int(ALL[3])
    rows = Sequences.from_lists([row for row in _rows() if row.count(item) <= 1])
    contexts = surrounding_contexts(rows, ITEMS, side=CONFIG.side)
    before = net.infer(contexts, np.array([item]))
    net.vectors[item] += 5.0
    torch.testing.assert_close(net.infer(contexts, np.array([item])), before)
    neighbour = int(next(i for i in contexts.rows[contexts.of(np.array([item]))[0][0]] if i != item))
    net.vectors[neighbour] += 5.0
    assert not torch.allclose(net.infer(contexts, np.array([item])), before)


def test_left_and_right_are_told_apart(net):
    for left, right in (([1, 2], [3, 4]), ([1], [2, 3])):
        one = surrounding_contexts(Sequences.from_lists([[*left, 9, *right]]), ITEMS, side=3)
        other = surrounding_contexts(Sequences.from_lists([[*right[::-1], 9, *left[::-1]]]), ITEMS, side=3)
        assert not torch.allclose(net.infer(one, np.array([9])), net.infer(other, np.array([9])), atol=1e-4)


def test_the_order_of_contexts_does_not_matter(net):
    rows = _rows()
    mirrored = surrounding_contexts(Sequences.from_lists(rows[::-1]), ITEMS, side=CONFIG.side)
    torch.testing.assert_close(net.infer(mirrored, ALL), net.infer(CONTEXTS, ALL), atol=1e-5, rtol=1e-4)


def test_the_size_of_the_vectors_does_not_matter(net):
    before = net.infer(CONTEXTS, ALL)
    torch.manual_seed(1)
    small = net(ContextBatch.of(CONTEXTS, ALL, *CONTEXTS.of(ALL)))
    net.read(_ring() * 1000, ALL)
    torch.testing.assert_close(net.infer(CONTEXTS, ALL), before * 1000, rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(net(ContextBatch.of(CONTEXTS, ALL, *CONTEXTS.of(ALL))), small, rtol=1e-4, atol=1e-4)


def test_it_learns_and_tells_items_it_never_learnt(net):
    held, learnt = ALL[::5], np.setdiff1d(ALL, ALL[::5])
    batches = ContextBatches(CONTEXTS, learnt, size=16, most=CONFIG.contexts, seed=0)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    net.train()
    for epoch in range(60):
        for block in batches.epoch(epoch):
            optimizer.zero_grad()
            net(batches.batch(block)).backward()
            optimizer.step()
    wanted = _ring()[torch.from_numpy(held)]
    error = (net.infer(CONTEXTS, held) - wanted).square().mean()
    assert error < 0.5 * wanted.square().mean()


def test_batches_draw_distinct_contexts_of_their_items():
    torch.manual_seed(0)
    batches = ContextBatches(CONTEXTS, ALL, size=7, most=4, seed=0)
    blocks = batches.epoch(3)
    assert sorted(np.concatenate(blocks).tolist()) == list(range(len(ALL)))
    assert [b.tolist() for b in blocks] != [b.tolist() for b in batches.epoch(4)]
    sizes = set()
    for block in blocks:
        batch = batches.batch(block)
        most = int(batch.sizes.max())
        sizes.add(most)
        assert batch.sizes.tolist() == np.minimum(CONTEXTS.counts[ALL[block]], most).tolist()
        assert batch.targets.tolist() == ALL[block].tolist()
        assert len(set(batch.slots.tolist())) == int(batch.sizes.sum())
        owners = torch.cat([items.gather(1, at[:, None])[:, 0] for items, _, at in batch.blocks])
        assert owners.tolist() == batch.targets[batch.slots // batch.width].tolist()
    assert len(sizes) > 1


def test_sinusoids_are_those_of_the_transformer():
    found = sinusoids(7, 6)
    for place in range(7):
        for pair in range(3):
            angle = place / 10_000 ** (2 * pair / 6)
            wanted = torch.tensor([np.sin(angle), np.cos(angle)], dtype=torch.float32)
            torch.testing.assert_close(found[place, 2 * pair : 2 * pair + 2], wanted)
