"""When people shop: sessions that come in bursts, mostly in the evening, with minutes between the purchases of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.data.simulate.config import MarketConfig

DAY = 86_400
LOOK = 60
"""Seconds before a purchase at which the goods on show were fixed; purchases lie further apart than that."""

GAP = 240.0
BURST = 1.4
PEAK = (5.0, 2.2)
LATEST_JOIN = 0.7
LIFE = (4.0, 1.0)


@dataclass(frozen=True)
class Visits:
    """Times of all purchases of some users, user by user.

    Attributes:
        times: Unix seconds, ascending within a user, ``(N,)``.
        opens: Whether the purchase is the first of a session, ``(N,)``.
    """

    times: NDArray[np.int64]
    opens: NDArray[np.bool_]


def history_lengths(rng: np.random.Generator, config: MarketConfig) -> NDArray[np.int64]:
    """Purchases of every user: the minimum plus a negative binomial (Poisson of a gamma), ``(users,)``."""
    extra = config.interactions_per_user - config.min_interactions
    rate = rng.gamma(config.length_shape, extra / config.length_shape, size=config.users)
    return np.asarray(config.min_interactions + rng.poisson(rate), dtype=np.int64)


def visits(rng: np.random.Generator, config: MarketConfig, lengths: NDArray[np.int64]) -> Visits:
    """Draws the times of users with the given numbers of purchases, ``(n,)``, each at least 1."""
    total = int(lengths.sum())
    first = np.cumsum(lengths) - lengths
    opens = rng.random(total) >= config.stay
    opens[first] = True
    session = np.cumsum(opens) - 1
    owner = np.repeat(np.arange(len(lengths)), lengths)[opens]
    start = _session_starts(rng, config, owner, len(lengths))
    pause = np.where(opens, 0, LOOK + 1 + (GAP * rng.standard_exponential(total)).astype(np.int64))
    # A session begins after all pauses of the earlier ones, so that two sessions of a user never overlap.
    elapsed = np.cumsum(pause)
    before = np.repeat(elapsed[first] - pause[first], lengths)
    order_gap = (LOOK + 1) * (np.cumsum(opens) - np.repeat(np.cumsum(opens)[first], lengths))
    times = start[session] + elapsed - before + order_gap
    return Visits(times, opens)


def _session_starts(
    rng: np.random.Generator, config: MarketConfig, owner: NDArray[np.int64], users: int
) -> NDArray[np.int64]:
    """First moments of all sessions, ascending within a user: log-normal pauses fill the user's life.

    The day is the user's own (its pauses are bursty), the hour of the day is ``24 Beta(5, 2.2)``: most in the evening.
    """
    joined = rng.random(users) * LATEST_JOIN
    life = (1.0 - joined) * rng.beta(*LIFE, size=users)
    weight = np.exp(BURST * rng.standard_normal(len(owner)))
    through = np.cumsum(weight)
    sums = np.bincount(owner, weights=weight, minlength=users)
    done = through - np.repeat(np.cumsum(sums) - sums, np.bincount(owner, minlength=users)) - weight
    share = np.clip(done / sums[owner], 0.0, 1.0)
    day = np.floor((joined[owner] + life[owner] * share) * (config.days - 1))
    second = day * DAY + np.floor(DAY * rng.beta(*PEAK, size=len(owner)))
    order = np.lexsort((second, owner))
    return np.asarray(config.start + LOOK + second[order], dtype=np.int64)
