"""Content term, router and debiasing against loops; what an index may serve; values that travel with the weights."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch

from foretaste.core.errors import ConfigError
from foretaste.data.sequences import Sequences
from foretaste.data.split import leave_one_out
from foretaste.evaluation.blocks import evaluating, score_blocks
from foretaste.evaluation.evaluate import validation_metrics
from foretaste.evaluation.groups import head_items
from foretaste.evaluation.metrics import ndcg
from foretaste.evaluation.ranks import ranks
from foretaste.models import content
from foretaste.models.llmesr import DualViewConfig, llmesr
from foretaste.models.serving_terms import ServedModel, ServingConfig
from foretaste.nn.reduce import whiten
from foretaste.recipes.serving_grid import CONTENT, DEBIAS, _best, choose_serving

ITEMS, DIM = 40, 8
TEXT = torch.randn(ITEMS, 12, generator=torch.Generator().manual_seed(1))
ROWS = [[(3 * row + step * step) % ITEMS for step in range(1 + row % 9)] for row in range(150)] + [[]]
HISTORIES = Sequences.from_lists(ROWS)
COUNTS = torch.from_numpy(HISTORIES.counts(ITEMS))


def served(config: ServingConfig | None = None, **keys: Any) -> ServedModel:
    torch.manual_seed(0)
    network = llmesr(DualViewConfig(dim=DIM, inner=8, layers=1, max_len=5, **keys), TEXT)
    return ServedModel(network, COUNTS, config or ServingConfig(), sizes={"text_dim": 12}).eval()


def test_by_default_nothing_is_added() -> None:
    model = served()
    assert model.inner_product
    torch.testing.assert_close(model.score(HISTORIES), model.network.score(HISTORIES))
    model.prepare()
    torch.testing.assert_close(model.score(HISTORIES), model.network.score(HISTORIES))


@pytest.mark.parametrize("kept", [0, content.KEPT_ITEMS])
@pytest.mark.parametrize(("standard", "activation"), [("none", "none"), ("centre", "gelu"), ("whiten", "none")])
def test_the_content_term_is_the_nearest_text_of_the_history(
    monkeypatch: pytest.MonkeyPatch, standard: str, activation: str, kept: int
) -> None:
    monkeypatch.setattr(content, "KEPT_ITEMS", kept)
    model = served(ServingConfig(content_weight=1.5), standard=standard, adapter_activation=activation)
    vectors = {"none": TEXT, "centre": TEXT - TEXT.mean(0), "whiten": whiten(TEXT, 12)}[standard]
    unit = torch.nn.functional.normalize(vectors, dim=1)
    wanted = model.network.score(HISTORIES)
    for row, items in enumerate(ROWS):
        if items:
            wanted[row] += 1.5 * (unit[items[-5:]] @ unit.T).amax(0)
    torch.testing.assert_close(model.score(HISTORIES), wanted, atol=1e-5, rtol=1e-4)
    assert not model.inner_product


def test_the_content_term_follows_the_text_vectors() -> None:
    model, other = served(ServingConfig(content_weight=1.5)), served(ServingConfig(content_weight=1.5))
    model.score(HISTORIES)
    changed = other.state_dict()
    changed["network.items.views.1.vectors"] = TEXT.flip(0)
    for network in (model, other):
        network.load_state_dict(changed)
    torch.testing.assert_close(model.score(HISTORIES), other.score(HISTORIES))


def test_the_router_scales_the_collaborative_part_of_rare_items_and_stays_a_product() -> None:
    below = int(COUNTS.median())
    model = served(ServingConfig(router_alpha=0.25, router_below=below))
    users, table = model.network.user_vectors(HISTORIES), model.network.item_vectors()
    co, se = users[:, :DIM] @ table[:, :DIM].T, users[:, DIM:] @ table[:, DIM:].T
    rare = below > COUNTS
    assert 0 < rare.sum() < ITEMS
    torch.testing.assert_close(model.score(HISTORIES), se + torch.where(rare, 0.25, 1.0) * co, atol=1e-5, rtol=1e-4)
    assert model.inner_product


def test_debiasing_takes_off_the_logarithm_of_an_items_popularity() -> None:
    model = served(ServingConfig(debias=0.3))
    wanted = model.network.score(HISTORIES) - 0.3 * torch.log(1.0 + COUNTS)
    torch.testing.assert_close(model.score(HISTORIES), wanted)
    assert not model.inner_product
    torch.testing.assert_close(model.item_vectors(), model.network.item_vectors())


@pytest.mark.parametrize(
    "config",
    [
        ServingConfig(),
        ServingConfig(content_weight=2.0),
        ServingConfig(2.0, 0.5, 9),
        ServingConfig(0, 0.5, 9),
        ServingConfig(debias=0.2),
        ServingConfig(2.0, debias=0.2),
    ],
)
def test_what_is_measured_is_what_is_served(config: ServingConfig) -> None:
    model = served(config)
    wanted = model.score(HISTORIES)
    with evaluating(model):
        found = torch.cat([part.scores.clone() for part in score_blocks(model, HISTORIES, block=64)])
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)


def test_the_folded_table_is_dropped_when_training_goes_on() -> None:
    model = served()
    model.prepare()
    held = model.item_vectors()
    assert model.item_vectors() is held
    model.train()
    with torch.no_grad():
        for weight in model.network.items.parameters():
            weight.add_(1.0)
    assert not torch.allclose(model.item_vectors(), held)
    torch.testing.assert_close(model.item_vectors(), model.network.item_vectors())


def test_values_set_later_travel_with_the_weights() -> None:
    model, other = served(), served()
    model.serve_with(ServingConfig(2.0, 0.5, 9, 0.1))
    other.load_state_dict(model.state_dict())
    assert other.serving == ServingConfig(2.0, 0.5, 9, 0.1)
    torch.testing.assert_close(other.score(HISTORIES), model.score(HISTORIES))


def test_terms_without_the_view_they_need_are_refused() -> None:
    with pytest.raises(ConfigError, match="content_weight needs"):
        served(ServingConfig(content_weight=1.0), se_view=False)
    with pytest.raises(ConfigError, match="router_alpha needs"):
        served(ServingConfig(router_alpha=0.5), co_view=False)


@pytest.mark.parametrize("mask_seen", [True, False])
def test_the_chosen_terms_are_the_best_that_were_tried(mask_seen: bool) -> None:
    split = leave_one_out(Sequences.from_lists([row for row in ROWS if len(row) > 2]))
    model = served()
    best, tried = choose_serving(model, split, mask_seen=mask_seen)
    assert model.serving == ServingConfig(), "the model is left as it was"
    assert asdict(ServingConfig()).items() <= tried[0].items()
    for one in tried:
        keys = {name: one[name] for name in asdict(ServingConfig())}
        model.serve_with(ServingConfig(**(keys | {"router_below": int(one["router_below"])})))
        found = validation_metrics(model, split.valid, mask_seen=mask_seen)
        assert one["ndcg@10"] == pytest.approx(found["ndcg@10"])
    assert {one["content_weight"] for one in tried} == set(CONTENT)
    assert {one["debias"] for one in tried} == {0.0, *DEBIAS}
    top = max(tried, key=lambda one: one["ndcg@10"])
    assert asdict(best).items() <= top.items()
    assert top["ndcg@10"] > tried[0]["ndcg@10"]


def test_the_tail_decides_between_choices_that_are_nearly_as_good_for_all() -> None:
    split = leave_one_out(Sequences.from_lists([row for row in ROWS if len(row) > 2]))
    model = served()
    best, tried = choose_serving(model, split, tail_slack=0.1)
    first, then = tried[: -len(CONTENT) * (1 + len(DEBIAS))], tried[-len(CONTENT) * (1 + len(DEBIAS)) :]
    for part, what in ((first, "router_alpha"), (then, "debias")):
        near = [one for one in part if one["ndcg@10"] >= 0.9 * max(one["ndcg@10"] for one in part)]
        chosen = max(near, key=lambda one: one["tail ndcg@10"])
        assert asdict(best)[what] == chosen[what]
        assert 1 < len(near) < len(part)
    assert asdict(best).items() <= chosen.items()
    assert {(one["router_alpha"], one["router_below"]) for one in then} == {(best.router_alpha, best.router_below)}
    model.serve_with(best)
    found = ndcg(ranks(model, split.valid, mask_seen=True), 10)
    assert chosen["tail ndcg@10"] == pytest.approx(found[~head_items(COUNTS.numpy())[split.valid.items]].mean())


def test_no_more_than_the_slack_is_given_up_for_the_tail() -> None:
    tail = np.arange(10) < 2
    top, near, far = np.full(10, 0.5), np.where(tail, 0.7, 0.44), np.where(tail, 1.0, 0.3)
    gains = np.stack([far, top, near])
    np.testing.assert_allclose(gains.mean(1), [0.44, 0.5, 0.492])
    assert _best(gains, tail, 0.0) == 1
    assert _best(gains, tail, 0.01) == 1
    assert _best(gains, tail, 0.02) == 2
    assert _best(gains, tail, 0.2) == 0
    assert _best(gains, np.zeros(10, dtype=bool), 0.2) == 1


def test_one_view_without_text_leaves_nothing_to_choose() -> None:
    split = leave_one_out(Sequences.from_lists([row for row in ROWS if len(row) > 2]))
    best, tried = choose_serving(served(se_view=False), split)
    assert best == ServingConfig()
    assert {tuple(one[name] for name in asdict(best)) for one in tried} == {(0.0, 1.0, 0, 0.0)}
    assert {one["router_alpha"] for one in choose_serving(served(co_view=False), split)[1]} == {1.0}
