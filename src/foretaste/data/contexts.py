"""The places of the training part where an item stands, as rows of items, grouped by item (CSR).

A row is a view of the histories (or of the histories read backwards), so a context costs two numbers whatever its
length, and any number of them is gathered at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.data.sequences import Sequences


@dataclass(frozen=True)
class Contexts:
    """Contexts of every item of a catalogue.

    Attributes:
        rows: The contexts, those of one item behind each other.
        offsets: Item ``i`` has the rows ``offsets[i]`` to ``offsets[i + 1]``, ``(num_items + 1,)`` int64.
        centres: Where in its row the item itself stands, ``(len(rows),)`` int64.
    """

    rows: Sequences
    offsets: NDArray[np.int64]
    centres: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many contexts each item has, ``(num_items,)``."""
        return np.diff(self.offsets)

    def of(self, items: NDArray[np.int64], most: int | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The contexts of some items, and whose they are.

        Args:
            items: Dense item ids.
            most: Contexts of an item at the most, the first ones; None takes all.

        Returns:
            Numbers of rows, and for each of them a place in ``items``.
        """
        counts = self.counts[items] if most is None else np.minimum(self.counts[items], most)
        owners = np.repeat(np.arange(len(items)), counts)
        within = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.offsets[items[owners]] + within, owners


def ending_contexts(train: Sequences, num_items: int, *, max_len: int) -> Contexts:
    """What led to an item, and what followed it read backwards, the item itself last in both (MELT, section 3.2).

    Args:
        train: Training sequences. One of a single item gives one context, a longer one two for each of its items.
        num_items: Size of the catalogue.
        max_len: Items of a context at the most: the item and those nearest to it.
    """
    flat, owners = train.flat(), train.owners()
    starts, places = np.cumsum(train.lengths) - train.lengths, np.arange(train.total)
    mirrored = len(flat) - starts - train.lengths
    two_sided = np.flatnonzero(train.lengths[owners] > 1)
    back = len(flat) - 1 - two_sided
    begins = np.concatenate([starts[owners], len(flat) + mirrored[owners[two_sided]]])
    lengths = np.concatenate([places - starts[owners], back - mirrored[owners[two_sided]]]) + 1
    rows = Sequences(np.concatenate([flat, flat[::-1]]), begins, lengths).last(max_len)
    return _grouped(rows, rows.lengths - 1, np.concatenate([flat, flat[two_sided]]), num_items)


def surrounding_contexts(train: Sequences, num_items: int, *, side: int, least: int = 2) -> Contexts:
    """The neighbours of an item on both sides, the item itself between them (CITIES, section 3.1).

    Args:
        train: Training sequences.
        num_items: Size of the catalogue.
        side: Neighbours on each side at the most.
        least: Neighbours that a context must have in all.
    """
    flat, owners = train.flat(), train.owners()
    starts, places = np.cumsum(train.lengths) - train.lengths, np.arange(train.total)
    begins = np.maximum(starts[owners], places - side)
    ends = np.minimum((starts + train.lengths)[owners], places + side + 1)
    enough = np.flatnonzero(ends - begins > least)
    rows = Sequences(flat, begins[enough], (ends - begins)[enough])
    return _grouped(rows, (places - begins)[enough], flat[enough], num_items)


def _grouped(rows: Sequences, centres: NDArray[np.int64], items: NDArray[np.int32], num_items: int) -> Contexts:
    order = np.argsort(items, kind="stable")
    offsets = np.zeros(num_items + 1, dtype=np.int64)
    np.cumsum(np.bincount(items, minlength=num_items), out=offsets[1:])
    return Contexts(rows.take(order), offsets, centres[order].astype(np.int64))
