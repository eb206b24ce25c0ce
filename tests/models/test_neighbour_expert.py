"""The expert that learns nothing: against loops, folded into one inner product, late items, what must not be lost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from foretaste.core.errors import ConfigError
from foretaste.data.frequency import frequency_bins
from foretaste.data.sequences import Sequences
from foretaste.data.split import leave_one_out
from foretaste.evaluation.evaluate import validation_metrics
from foretaste.models import neighbour_expert
from foretaste.models.neighbour_expert import NeighbourConfig, NeighbourExpert
from foretaste.models.pad import expert, together
from foretaste.models.pad_config import PADConfig
from foretaste.nn.growth import NewItems, grow
from foretaste.recipes.neighbour_choice import GRID, _best, _choices, choose_neighbours

ITEMS, WIDTH, DIM, BINS, DECAY = 40, 12, 8, 5, 0.6
TEXT = torch.randn(ITEMS, WIDTH, generator=torch.Generator().manual_seed(1))
ROWS = [[(3 * row + step * step) % ITEMS for step in range(1 + row % 9)] for row in range(150)] + [[]]
HISTORIES = Sequences.from_lists(ROWS)
OF = torch.from_numpy(frequency_bins(HISTORIES.counts(ITEMS), BINS))
KEYS: dict[str, Any] = {"dim": DIM, "inner": 8, "layers": 1, "max_len": 5, "bins": BINS, "init_std": 0.5}


def beside(told: NeighbourConfig | None = None, experts: str = "id+aligned+text") -> NeighbourExpert:
    torch.manual_seed(0)
    config = PADConfig(experts=experts, **KEYS)
    network = together(config, [expert(config, name, TEXT) for name in config.names], OF)
    return NeighbourExpert(network, OF, told or NeighbourConfig(), count=BINS, decay=DECAY).eval()


def test_by_default_nothing_is_added() -> None:
    model = beside()
    assert model.item_vectors().shape == (ITEMS, 3 * DIM)
    assert torch.equal(model.score(HISTORIES), model.network.score(HISTORIES))


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("told", [NeighbourConfig(4, 0.5, 0), NeighbourConfig(4, 1, 2), NeighbourConfig(0, 1, 2)])
def test_scores_are_the_sum_of_all_parts(
    told: NeighbourConfig, prepared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbour_expert, "ROWS", 7)
    model = beside(told)
    if prepared:
        model.prepare()
    wanted, unit = model.network.score(HISTORIES), torch.nn.functional.normalize(TEXT, dim=1)
    for row, history in enumerate(ROWS):
        for item in range(ITEMS if history else 0):
            cold = int(OF[item]) / (BINS - 1)
            like = sum(DECAY**back * float(unit[t] @ unit[item]) for back, t in enumerate(reversed(history[-5:])))
            weight = told.neighbour_weight * (told.neighbour_floor + (1 - told.neighbour_floor) * cold)
            wanted[row, item] += weight * like + told.neighbour_prior * (1 - cold) ** 2
    torch.testing.assert_close(model.score(HISTORIES), wanted, atol=2e-5, rtol=1e-5)
    assert model.inner_product
    torch.testing.assert_close(model.user_vectors(HISTORIES) @ model.item_vectors().T, model.score(HISTORIES))


def test_a_user_alone_is_the_user_among_others() -> None:
    model = beside(NeighbourConfig(4, 0.5, 2))
    whole = model.user_vectors(HISTORIES)
    for row in (0, 8, 150):
        torch.testing.assert_close(model.user_vectors(HISTORIES.take(np.array([row])))[0], whole[row])
    assert not whole[150].any(), "who has no history ties everything"


def test_the_prior_leaves_an_items_neighbours_alone() -> None:
    """It is folded so that directions of item vectors hardly move: lists of like items are made of them."""
    with_, without = (beside(NeighbourConfig(4, 0.5, prior)).item_vectors() for prior in (3.0, 0.0))
    cosines = [
        torch.nn.functional.normalize(v, dim=1) @ torch.nn.functional.normalize(v, dim=1).T for v in (with_, without)
    ]
    assert float((cosines[0] - cosines[1]).abs().max()) < 1e-2


def test_a_network_without_texts_has_no_neighbours() -> None:
    model = beside(experts="id")
    assert model.text is None
    with pytest.raises(ConfigError, match="reads texts"):
        model.serve_with(NeighbourConfig(neighbour_weight=1.0))
    assert beside(experts="id+aligned").text is not None


@pytest.mark.parametrize("prepared", [False, True])
def test_a_new_item_is_as_cold_as_can_be_and_found_by_its_text(prepared: bool) -> None:
    model = beside(NeighbourConfig(400.0, 0.0, 2.0))
    if prepared:
        model.prepare()
    before = model.item_vectors().clone()
    grow(model, NewItems.of(TEXT[7:8] * 1.1, TEXT, neighbours=3, borrow=False))
    model.prepare()
    assert torch.equal(model.item_vectors()[:ITEMS], before)
    assert model.bins[-1] == BINS - 1
    scores = model.score(Sequences.from_lists([[7]]))[0]
    assert int(scores[torch.arange(ITEMS + 1) != 7].argmax()) == ITEMS - 1, "right behind the item of the same text"


def test_values_travel_with_the_weights() -> None:
    told = NeighbourConfig(4, 0.5, 2)
    weights, other = beside(told).state_dict(), beside()
    other.load_state_dict(weights)
    assert other.serving == told
    torch.testing.assert_close(other.score(HISTORIES), beside(told).score(HISTORIES))


@pytest.mark.parametrize("mask_seen", [True, False])
def test_what_is_told_of_a_choice_is_what_validation_finds(mask_seen: bool) -> None:
    split, model = leave_one_out(Sequences.from_lists(ROWS)), beside()
    best, tried = choose_neighbours(model, split, mask_seen=mask_seen)
    assert model.serving == NeighbourConfig(), "what it serves with is left as it was"
    assert len(tried) == len(list(_choices())) == (len(GRID[0]) - 1) * len(GRID[1]) * len(GRID[2]) + len(GRID[2])
    for one in tried[:: len(tried) // 9]:
        told = {key: value for key, value in one.items() if key.startswith("neighbour")}
        model.serve_with(NeighbourConfig(**told))
        found = validation_metrics(model, split.valid, mask_seen=mask_seen)["ndcg@10"]
        assert math.isclose(one["ndcg@10"], found, abs_tol=1e-6), told
    chosen = next(one for one in tried if best == NeighbourConfig(*list(one.values())[:3]))
    assert chosen["hottest ndcg@10"] >= tried[0]["hottest ndcg@10"]
    assert chosen["ndcg@10"] >= 0.98 * tried[0]["ndcg@10"]


def test_the_hottest_hold_and_the_coldest_gain() -> None:
    figures = np.array([[0.5, 0.4, 0.1], [0.9, 0.3, 0.9], [0.7, 0.4, 0.2], [0.69, 0.5, 0.3], [0.5, 0.6, 0.8]])
    assert _best(figures, 0.0) == 2, "the best of those that cost the hottest nothing"
    assert _best(figures, 0.02) == 3, "nearly as good, and better for the coldest"
    assert _best(figures[[0, 1]], 0.02) == 0, "nothing is added where all would lose"
