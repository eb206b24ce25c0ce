"""Scorers with known scores, and the slow, obvious way to rank."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.data.sequences import Sequences
from foretaste.data.split import Targets
from foretaste.models.base import Retriever, Scorer, Users


class Table(Scorer):
    """Looks a user's scores up; the dense user id is the row."""

    def __init__(self, scores: NDArray[np.float32]) -> None:
        super().__init__()
        self.num_items = scores.shape[1]
        self.scores = torch.from_numpy(scores)

    def score(self, histories: Sequences, users: Users = None) -> Tensor:
        assert users is not None
        assert len(users) == len(histories)
        return self.scores[torch.from_numpy(users)]


class Product(Retriever):
    """Fixed vectors on both sides."""

    def __init__(self, users: NDArray[np.float32], items: NDArray[np.float32]) -> None:
        super().__init__()
        self.num_items = len(items)
        self.users, self.items = torch.from_numpy(users), torch.from_numpy(items)

    def item_vectors(self) -> Tensor:
        return self.items

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        return self.users[torch.from_numpy(users)]


def questions(histories: list[list[int]], items: list[int]) -> Targets:
    """Targets of users 0, 1, … with the given histories."""
    rows = Sequences.from_lists(histories)
    users = np.arange(len(items), dtype=np.int64)
    return Targets(users, rows.lengths, np.array(items, dtype=np.int32), rows)


def random_questions(rng: np.random.Generator, users: int, items: int) -> Targets:
    """Histories of 0 to 5 items with repeats; some targets repeat the history."""
    rows = [rng.integers(0, items, size=rng.integers(0, 6)).tolist() for _ in range(users)]
    return questions(rows, rng.integers(0, items, size=users).tolist())


def slow_rank(scores: NDArray[np.float32], history: set[int], target: int, *, mask_seen: bool) -> float:
    """The rank of one target by looking at every item in turn."""
    own = scores[target]
    if math.isnan(own) or own == -math.inf or (mask_seen and target in history):
        return math.inf
    rank = 0.0
    for item, score in enumerate(scores):
        if item == target or (mask_seen and item in history) or math.isnan(score):
            continue
        if score > own:
            rank += 1
        elif score == own:
            rank += 0.5
    return rank
