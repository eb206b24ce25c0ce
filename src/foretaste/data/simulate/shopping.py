"""The purchases of a block of users, step by step for all of them at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretaste.data.simulate.catalogue import Ints
from foretaste.data.simulate.choosing import bought_again, browse, choose, interests, next_kinds
from foretaste.data.simulate.clock import LOOK, Visits
from foretaste.data.simulate.moments import Moment, Purchases, Slates, World
from foretaste.data.simulate.tastes import Tastes, appeal

ASPECTS = ("style", "occasion", "family", "price")
"""What a review may praise or blame, in the order of their codes."""

PRICE_BASE = 1.0
"""Appeal of a price that is just right, so that people praise prices too."""


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
        now = Moment(tastes, history[:step, :active], place, visits.times[place] - LOOK)
        kept = np.flatnonzero(logged[place])
        bought, shown = _step(world, rng, now, kept)
        out.slates.extend(slates for slates in (shown, browse(world, log_rng, now.of(kept))) if len(slates.place))
        history[step, :active] = bought
        _record(out, world, now, bought)
    return out


def _step(world: World, rng: np.random.Generator, now: Moment, kept: NDArray[np.int64]) -> tuple[Ints, Slates]:
    """One purchase of every active user, and the slates of those of them that are logged."""
    slates, has_it = choose(world, rng, now, next_kinds(world, rng, now))
    stuck = np.flatnonzero(has_it)
    if len(stuck):
        elsewhere = now.of(stuck)
        again, _ = choose(world, rng, elsewhere, interests(world, rng, elsewhere))
        slates.items[stuck], slates.worth[stuck], slates.chosen[stuck] = again.items, again.worth, again.chosen
    old = bought_again(world, rng, now)
    bought = np.where(old >= 0, old, slates.items[np.arange(len(now)), slates.chosen]).astype(np.int32)
    shown = kept[old[kept] < 0]
    return bought, Slates(now.place[shown], slates.items[shown], slates.worth[shown], slates.chosen[shown])


def _record(out: Purchases, world: World, now: Moment, bought: Ints) -> None:
    why = appeal(world.config, world.goods, now.tastes, bought[:, None])
    parts = np.concatenate([why.style, why.occasion, why.family, why.price + PRICE_BASE], axis=1)
    out.items[now.place] = bought
    out.fit[now.place] = parts.sum(axis=1) + world.goods.quality[bought]
    out.best[now.place] = parts.argmax(axis=1)
    out.worst[now.place] = parts.argmin(axis=1)
