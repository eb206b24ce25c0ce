"""Items that training did not know of, found through the graph, and what they do to a user's vector."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foretaste.data.sequences import Sequences
from foretaste.models.later_items import later_items
from foretaste.models.lightgcn import LightGCN, LightGCNConfig
from foretaste.models.pairs import distinct
from foretaste.nn.graph import BipartiteGraph

USERS, ITEMS = 5, 7
ROWS = st.lists(st.lists(st.integers(0, ITEMS - 1), max_size=6), min_size=USERS, max_size=USERS)


def graph_of(rows: list[list[int]]) -> BipartiteGraph:
    pairs = [(user, item) for user, row in enumerate(rows) for item in row]
    users, items = (torch.tensor([pair[side] for pair in pairs], dtype=torch.int64) for side in (0, 1))
    return BipartiteGraph(len(rows), ITEMS).connect(users, items)


@given(ROWS)
def test_connects_is_the_edge_set(rows: list[list[int]]) -> None:
    users, items = (
        part.reshape(-1) for part in torch.meshgrid(torch.arange(-1, USERS), torch.arange(ITEMS), indexing="ij")
    )
    wanted = [int(user) >= 0 and int(item) in rows[int(user)] for user, item in zip(users, items, strict=True)]
    assert graph_of(rows).connects(users, items).tolist() == wanted


@given(ROWS, ROWS, st.lists(st.integers(-1, USERS - 1), min_size=USERS, max_size=USERS))
def test_later_items_are_those_without_an_edge_and_a_strangers_newest(
    known: list[list[int]], told: list[list[int]], users: list[int]
) -> None:
    histories = Sequences.from_lists(told)
    found = later_items(graph_of(known), histories, distinct(histories, ITEMS), torch.tensor(users))
    wanted = [sorted({*row} - {*known[user]}) if user >= 0 else row[-1:] for row, user in zip(told, users, strict=True)]
    assert [list(row) for row in found] == wanted


@pytest.fixture
def model() -> LightGCN:
    torch.manual_seed(0)
    graph = graph_of([[0, 1], [1, 2, 3], [4], [5, 6], [0, 6]])
    return LightGCN(graph, LightGCNConfig(dim=4, layers=2, init_std=1.0, ridge=0.1)).eval()


def test_what_training_knew_corrects_nothing(model: LightGCN) -> None:
    histories, users = Sequences.from_lists([[1, 0], [3, 1]]), np.array([0, 1])
    corrected = model.user_vectors(histories, users)
    model.ridge = 0.0
    plain = model.user_vectors(histories, users)
    assert (torch.cosine_similarity(corrected, plain) > 0.9999).all()


def test_a_later_item_draws_near(model: LightGCN) -> None:
    histories, users = Sequences.from_lists([[0, 1, 5]]), np.array([0])
    corrected = model.score(histories, users)[0, 5] / model.user_vectors(histories, users).norm()
    model.ridge = 0.0
    assert corrected > model.score(histories, users)[0, 5] / model.user_vectors(histories, users).norm()
