"""Which kind of thing a user turns to, what is shown of it, and what is taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretaste.data.simulate.catalogue import DOMAIN_OF_KIND, Ints
from foretaste.data.simulate.moments import Moment, Slates, World
from foretaste.data.simulate.tastes import OWNED, utility
from foretaste.data.simulate.words import KINDS

THEN_EDGES = np.array([0.55, 0.85])
"""The first, second and third follower of a kind are taken with probability .55, .30 and .15."""

TINY = np.float32(1e-30)
"""Least value of an exponential draw: in 32 bits it can be zero, which has no logarithm."""

FOLLOWERS: Ints = np.array(
    [[[k.names[0] for k in KINDS].index(name) for name in kind.then] for kind in KINDS], dtype=np.int32
)
"""Kinds that follow each kind, likeliest first, ``(kinds, 3)``."""

USED_UP: NDArray[np.bool_] = np.array([k.used_up for k in KINDS])
"""Whether each kind is used up and bought again."""


def choose(world: World, rng: np.random.Generator, now: Moment, kinds: Ints) -> tuple[Slates, NDArray[np.bool_]]:
    """Slates of the kinds with what is chosen from them, and whether that is a lasting thing that the user has."""
    config = world.config
    items = world.shelves.draw(rng, kinds, now.times, config.slate)
    worth = utility(config, world.goods, now.tastes, items, now.last_brand(world.goods))
    has_it = _owned(now.history, items) & ~USED_UP[kinds][:, None]
    worth -= np.float32(OWNED) * has_it
    chance = -np.log(np.maximum(rng.standard_exponential(items.shape, dtype=np.float32), TINY))  # Gumbel
    chosen = np.argmax(worth + np.float32(config.noise) * chance, axis=1)
    return Slates(now.place, items, worth, chosen), has_it[np.arange(len(now)), chosen]


def browse(world: World, rng: np.random.Generator, now: Moment) -> Slates:
    """Slates of a kind of free interest at which users look without buying."""
    slate = world.shelves.draw(rng, interests(world, rng, now), now.times, world.config.slate)
    worth = utility(world.config, world.goods, now.tastes, slate, now.last_brand(world.goods))
    return Slates(now.place, slate, worth, np.full(len(now), -1))


def next_kinds(world: World, rng: np.random.Generator, now: Moment) -> Ints:
    """Kind of the next purchase: what follows the newest one, what follows the one before, or free interest."""
    kinds = interests(world, rng, now)
    cause, which = rng.random(len(now)), np.searchsorted(THEN_EDGES, rng.random(len(now)), side="right")
    config = world.config
    for back, low, high in ((1, 0.0, config.follow), (2, config.follow, config.follow + config.resume)):
        if len(now.history) >= back:
            rows = np.flatnonzero((cause >= low) & (cause < high))
            kinds[rows] = FOLLOWERS[world.goods.kind[now.history[-back, rows]], which[rows]]
    return kinds


def interests(world: World, rng: np.random.Generator, now: Moment) -> Ints:
    """A domain by the user's interest (softmax), then a kind of it by its share."""
    edges = np.cumsum(np.exp(now.tastes.domain[: len(now)]), axis=1)
    point = rng.random((len(now), 1), dtype=np.float32) * edges[:, -1:]
    domain = (point >= edges).sum(axis=1).clip(max=world.domains - 1)
    mass = np.concatenate([[0.0], np.cumsum(world.shares)])
    bounds = np.searchsorted(DOMAIN_OF_KIND[: len(world.shares)], np.arange(world.domains + 1))
    low, high = bounds[domain], bounds[domain + 1]
    draw = mass[low] + rng.random(len(now)) * (mass[high] - mass[low])
    kind = np.searchsorted(mass, draw, side="right") - 1
    return np.asarray(np.clip(kind, low, high - 1), dtype=np.int32)


def bought_again(world: World, rng: np.random.Generator, now: Moment) -> Ints:
    """For users who look back at an old purchase, any with equal chance: the item if it is used up, else -1."""
    looks, back = rng.random(len(now)) < world.config.repeat, rng.random(len(now))
    again = np.full(len(now), -1, dtype=np.int32)
    if len(now.history):
        rows = np.flatnonzero(looks)
        old = now.history[(back[rows] * len(now.history)).astype(np.int64), rows]
        again[rows] = np.where(USED_UP[world.goods.kind[old]], old, -1)
    return again


def _owned(history: Ints, slate: Ints) -> NDArray[np.bool_]:
    """Whether the user has bought each item of the slate before."""
    owned = np.zeros(slate.shape, dtype=np.bool_)
    for earlier in history:
        owned |= slate == earlier[:, None]
    return owned
