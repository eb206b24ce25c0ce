"""What was shown and what was clicked: slates with positions and labels, for models of click-through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.data.simulate.clock import LOOK
from foretaste.data.simulate.moments import Slates

CLICK_EDGE = 2.0
"""Utility at which an item on show is clicked with probability one half."""

BROWSED_AFTER, CHOSEN_AFTER = 5, 40
"""Seconds after the goods on show were fixed at which a slate is looked at: without buying, and with."""


@dataclass(frozen=True)
class Shown:
    """Items on show, slate by slate in the order of purchases; arrays ``(n,)``.

    Attributes:
        place: Place of the purchase that the slate belongs to, among those of the block.
        slate: Number of the slate, from 0.
        item: Item code.
        position: From 1, the best place first.
        label: 1 if clicked.
        bought: 1 if bought.
        delay: Seconds from the slate to the purchase.
    """

    place: NDArray[np.int64]
    slate: NDArray[np.int64]
    item: NDArray[np.int32]
    position: NDArray[np.int8]
    label: NDArray[np.int8]
    bought: NDArray[np.int8]
    delay: NDArray[np.int64]


def clicks(rng: np.random.Generator, slates: list[Slates], width: int) -> Shown:
    """Labels the slates of a block.

    An item that stands twice is shown once, at its first place. An item is clicked with probability
    ``sigmoid(utility - 2)``, which holds the position bias ``-0.4 log(position)``; what is bought was clicked.
    """
    place, items, worth, chosen = _stack(slates, width)
    first = _first_places(items)
    shown = first == np.arange(width)
    bought = np.zeros(items.shape, dtype=np.bool_)
    rows = np.flatnonzero(chosen >= 0)
    bought[rows, first[rows, chosen[rows]]] = True
    clicked = rng.random(items.shape, dtype=np.float32) < 1.0 / (1.0 + np.exp(CLICK_EDGE - worth))
    clicked |= bought
    position = np.cumsum(shown, axis=1)
    counts = shown.sum(axis=1)
    delay = LOOK - np.where(chosen >= 0, CHOSEN_AFTER, BROWSED_AFTER)
    return Shown(
        place=np.repeat(place, counts),
        slate=np.repeat(np.arange(len(place)), counts),
        item=items[shown],
        position=position[shown].astype(np.int8),
        label=clicked[shown].astype(np.int8),
        bought=bought[shown].astype(np.int8),
        delay=np.repeat(delay, counts),
    )


def _stack(
    slates: list[Slates], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
    """All slates in the order of their purchases, the browsed one of a purchase before the one bought from."""
    if not slates:
        empty = np.empty(0, dtype=np.int64)
        return empty, np.empty((0, width), dtype=np.int32), np.empty((0, width), dtype=np.float32), empty
    place = np.concatenate([s.place for s in slates])
    chosen = np.concatenate([s.chosen for s in slates])
    order = np.lexsort((chosen >= 0, place))
    items, worth = (np.concatenate([getattr(s, name) for s in slates])[order] for name in ("items", "worth"))
    return place[order], items, worth, chosen[order]


def _first_places(items: NDArray[np.int32]) -> NDArray[np.int64]:
    """For each item of each slate, the first column that holds the same item."""
    first = np.zeros(items.shape, dtype=np.int64)
    for column in range(items.shape[1]):
        first[:, column] = (items == items[:, column, None]).argmax(axis=1)
    return first
