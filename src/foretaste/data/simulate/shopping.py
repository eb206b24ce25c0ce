"""The purchases of a block of users, step by step for all of them at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.data.simulate.catalogue import DOMAIN_OF_KIND, Goods, Ints
from foretaste.data.simulate.clock import LOOK, Visits
from foretaste.data.simulate.config import MarketConfig
from foretaste.data.simulate.shelves import Shelves
from foretaste.data.simulate.tastes import OWNED, Tastes, appeal, utility
from foretaste.data.simulate.words import KINDS

THEN_EDGES = np.array([0.55, 0.85])
"""The first, second and third follower of a kind are taken with probability .55, .30 and .15."""

ASPECTS = ("style", "occasion", "family", "price")
"""What a review may praise or blame, in the order of their codes."""

TINY = np.float32(1e-30)
"""Least value of an exponential draw: in 32 bits it can be zero, which has no logarithm."""

PRICE_BASE = 1.0
"""Appeal of a price that is just right, so that people praise prices too."""


@dataclass(frozen=True)
class World:
    """What stays the same for all users: the goods, how they lie on the shelves, what follows what."""

    config: MarketConfig
    goods: Goods
    shelves: Shelves
    shares: NDArray[np.float64]

    @property
    def domains(self) -> int:
        """How many departments there are."""
        return int(DOMAIN_OF_KIND[len(self.shares) - 1]) + 1


FOLLOWERS: Ints = np.array(
    [[[k.names[0] for k in KINDS].index(name) for name in kind.then] for kind in KINDS], dtype=np.int32
)
"""Kinds that follow each kind, likeliest first, ``(kinds, 3)``."""

USED_UP: NDArray[np.bool_] = np.array([k.used_up for k in KINDS])
"""Whether each kind is used up and bought again."""


@dataclass(frozen=True)
class Slates:
    """What was shown to some users, with how much each item was worth to them.

    Attributes:
        place: Place of the purchase among those of the block, ``(m,)``.
        items: Items shown, best place first, ``(m, width)``; may hold an item twice.
        worth: Utility before chance, ``(m, width)``.
        chosen: Column of the item bought, or -1 where nothing was bought, ``(m,)``.
    """

    place: NDArray[np.int64]
    items: Ints
    worth: NDArray[np.float32]
    chosen: NDArray[np.int64]


@dataclass(frozen=True)
class Purchases:
    """All purchases of a block, user by user, oldest first; arrays ``(N,)``.

    Attributes:
        items: What was bought.
        fit: How well it suited the user, from appeal and quality.
        best: Code in ``ASPECTS`` of what the user liked most.
        worst: Code of what the user liked least.
        slates: What was shown, for the purchases that are logged.
    """

    items: Ints
    fit: NDArray[np.float32]
    best: NDArray[np.int8]
    worst: NDArray[np.int8]
    slates: list[Slates]

    @classmethod
    def empty(cls, total: int) -> Purchases:
        """Room for so many purchases."""
        return cls(
            items=np.empty(total, dtype=np.int32),
            fit=np.empty(total, dtype=np.float32),
            best=np.empty(total, dtype=np.int8),
            worst=np.empty(total, dtype=np.int8),
            slates=[],
        )


@dataclass(frozen=True)
class _Moment:
    """The state before one purchase of each active user: the first ``n`` of the block.

    Attributes:
        tastes: Tastes of all users of the block.
        history: Earlier purchases, oldest first, ``(step, n)``.
        place: Place of this purchase among those of the block, ``(n,)``.
        times: When the goods on show were fixed, ``(n,)``.
    """

    tastes: Tastes
    history: Ints
    place: NDArray[np.int64]
    times: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.place)

    def of(self, rows: NDArray[np.int64]) -> _Moment:
        """The same for some of the users."""
        tables = (self.tastes.style, self.tastes.occasion, self.tastes.family, self.tastes.domain, self.tastes.level)
        tastes = Tastes(*(table[rows] for table in tables))
        return _Moment(tastes, self.history[:, rows], self.place[rows], self.times[rows])

    def last_brand(self, goods: Goods) -> Ints:
        """Brand bought last, -1 before the first purchase."""
        return goods.brand[self.history[-1]] if len(self.history) else np.full(len(self), -1, dtype=np.int32)


def shop(
    world: World,
    lengths: NDArray[np.int64],
    visits: Visits,
    logged: NDArray[np.bool_],
    rng: np.random.Generator,
    log_rng: np.random.Generator,
) -> Purchases:
    """Lets users shop.

    Args:
        world: Goods and config.
        lengths: Purchases of each user, **descending**, ``(n,)``: then those still shopping are always the first ones.
        visits: When, user by user.
        logged: Whether the slates of each purchase are kept, ``(N,)``.
        rng: Random numbers of tastes and choices.
        log_rng: Random numbers of the slates that were only looked at.
    """
    total, first, steps = int(lengths.sum()), np.cumsum(lengths) - lengths, int(lengths.max(initial=0))
    tastes = Tastes.draw(rng, len(lengths), world.domains)
    history = np.zeros((steps, len(lengths)), dtype=np.int32)
    out = Purchases.empty(total)
    for step in range(steps):
        active = int(np.searchsorted(-lengths, -step, side="left"))
        place = first[:active] + step
        if step:
            tastes.drift(rng, np.flatnonzero(visits.opens[place]), world.config.drift)
        now = _Moment(tastes, history[:step, :active], place, visits.times[place] - LOOK)
        kept = np.flatnonzero(logged[place])
        bought, shown = _step(world, rng, now, kept)
        out.slates.extend(slates for slates in (shown, _browse(world, log_rng, now.of(kept))) if len(slates.place))
        history[step, :active] = bought
        _record(out, world, now, bought)
    return out


def _step(world: World, rng: np.random.Generator, now: _Moment, kept: NDArray[np.int64]) -> tuple[Ints, Slates]:
    """One purchase of every active user, and the slates of those of them that are logged."""
    slates, has_it = _choose(world, rng, now, _next_kinds(world, rng, now))
    stuck = np.flatnonzero(has_it)
    if len(stuck):
        elsewhere = now.of(stuck)
        again, _ = _choose(world, rng, elsewhere, _interests(world, rng, elsewhere))
        slates.items[stuck], slates.worth[stuck], slates.chosen[stuck] = again.items, again.worth, again.chosen
    old = _bought_again(world, rng, now)
    bought = np.where(old >= 0, old, slates.items[np.arange(len(now)), slates.chosen]).astype(np.int32)
    shown = kept[old[kept] < 0]
    return bought, Slates(now.place[shown], slates.items[shown], slates.worth[shown], slates.chosen[shown])


def _choose(world: World, rng: np.random.Generator, now: _Moment, kinds: Ints) -> tuple[Slates, NDArray[np.bool_]]:
    """Slates of the kinds with what is chosen from them, and whether that is a lasting thing that the user has."""
    config = world.config
    items = world.shelves.draw(rng, kinds, now.times, config.slate)
    worth = utility(config, world.goods, now.tastes, items, now.last_brand(world.goods))
    has_it = _owned(now.history, items) & ~USED_UP[kinds][:, None]
    worth -= np.float32(OWNED) * has_it
    chance = -np.log(np.maximum(rng.standard_exponential(items.shape, dtype=np.float32), TINY))  # Gumbel
    chosen = np.argmax(worth + np.float32(config.noise) * chance, axis=1)
    return Slates(now.place, items, worth, chosen), has_it[np.arange(len(now)), chosen]


def _browse(world: World, rng: np.random.Generator, now: _Moment) -> Slates:
    """Slates of a kind of free interest at which users look without buying."""
    slate = world.shelves.draw(rng, _interests(world, rng, now), now.times, world.config.slate)
    worth = utility(world.config, world.goods, now.tastes, slate, now.last_brand(world.goods))
    return Slates(now.place, slate, worth, np.full(len(now), -1))


def _next_kinds(world: World, rng: np.random.Generator, now: _Moment) -> Ints:
    """Kind of the next purchase: what follows the newest one, what follows the one before, or free interest."""
    kinds = _interests(world, rng, now)
    cause, which = rng.random(len(now)), np.searchsorted(THEN_EDGES, rng.random(len(now)), side="right")
    config = world.config
    for back, low, high in ((1, 0.0, config.follow), (2, config.follow, config.follow + config.resume)):
        if len(now.history) >= back:
            rows = np.flatnonzero((cause >= low) & (cause < high))
            kinds[rows] = FOLLOWERS[world.goods.kind[now.history[-back, rows]], which[rows]]
    return kinds


def _interests(world: World, rng: np.random.Generator, now: _Moment) -> Ints:
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


def _bought_again(world: World, rng: np.random.Generator, now: _Moment) -> Ints:
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


def _record(out: Purchases, world: World, now: _Moment, bought: Ints) -> None:
    why = appeal(world.config, world.goods, now.tastes, bought[:, None])
    parts = np.concatenate([why.style, why.occasion, why.family, why.price + PRICE_BASE], axis=1)
    out.items[now.place] = bought
    out.fit[now.place] = parts.sum(axis=1) + world.goods.quality[bought]
    out.best[now.place] = parts.argmax(axis=1)
    out.worst[now.place] = parts.argmin(axis=1)
