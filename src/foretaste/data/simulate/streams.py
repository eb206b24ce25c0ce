"""One stream of random numbers for each purpose and block, so that more reviews never change who buys what."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream of random numbers is for."""

    STOCK = 0
    TEXTS = 1
    LENGTHS = 2
    CLOCK = 3
    CHOICES = 4
    LOGGING = 5
    RATINGS = 6
    REVIEWS = 7
    QUERIES = 8


def stream(seed: int, purpose: Stream, block: int = 0) -> np.random.Generator:
    """The generator of a purpose (and a block of users), independent of all others."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(purpose), block)))
