"""A block of users who shop: their purchases in their own order, and what was shown to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.data.simulate.clock import visits
from foretaste.data.simulate.impressions import Shown, clicks
from foretaste.data.simulate.moments import World
from foretaste.data.simulate.reviews import stars
from foretaste.data.simulate.shopping import shop
from foretaste.data.simulate.streams import Stream, stream


@dataclass(frozen=True)
class Block:
    """Purchases of consecutive users, user by user, and what was shown to them."""

    owners: NDArray[np.int64]
    items: NDArray[np.int32]
    times: NDArray[np.int64]
    opens: NDArray[np.bool_]
    rating: NDArray[np.int8]
    best: NDArray[np.int8]
    worst: NDArray[np.int8]
    shown: Shown


def block(world: World, number: int, lengths: NDArray[np.int64], first_user: int) -> Block:
    """Users with longer histories come first while they shop, and are put back in their own order afterwards."""
    config = world.config
    order = np.argsort(-lengths, kind="stable")
    when = visits(stream(config.seed, Stream.CLOCK, number), config, lengths[order])
    log_rng = stream(config.seed, Stream.LOGGING, number)
    logged = log_rng.random(len(when.times)) < config.impression_share
    done = shop(world, lengths[order], when, logged, stream(config.seed, Stream.CHOICES, number), log_rng)
    rating = stars(
        stream(config.seed, Stream.RATINGS, number), done.fit, np.repeat(np.arange(len(lengths)), lengths[order])
    )
    shown = clicks(log_rng, done.slates, config.slate)
    back, forth = _back_in_order(lengths, order)
    return Block(
        owners=np.repeat(np.arange(len(lengths)) + first_user, lengths),
        items=done.items[back],
        times=when.times[back],
        opens=when.opens[back],
        rating=rating[back],
        best=done.best[back],
        worst=done.worst[back],
        shown=_moved(shown, forth),
    )


def _back_in_order(lengths: NDArray[np.int64], order: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Old place of each new one, and new place of each old one, when rows sorted by ``order`` are put back."""
    sorted_starts = np.cumsum(lengths[order]) - lengths[order]
    starts = np.empty_like(sorted_starts)
    starts[order] = sorted_starts
    own = np.cumsum(lengths) - lengths
    back = np.arange(int(lengths.sum())) + np.repeat(starts - own, lengths)
    forth = np.empty_like(back)
    forth[back] = np.arange(len(back))
    return back, forth


def _moved(shown: Shown, forth: NDArray[np.int64]) -> Shown:
    place = forth[shown.place]
    order = np.argsort(place, kind="stable")
    slate = shown.slate[order]
    renumbered = np.cumsum(np.diff(slate, prepend=slate[:1]) != 0)
    return Shown(
        place[order],
        renumbered,
        *(getattr(shown, name)[order] for name in ("item", "position", "label", "bought", "delay")),
    )
