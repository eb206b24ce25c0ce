"""Attribute dropout: two fresh views of an item, each with some of its clauses in random order (LLMEmb, section SCFT).

A view keeps ``n - floor(r n)`` of an item's ``n`` clauses, never none, and the instruction. Which, and in which order,
is a function of seed, epoch, item and view alone: no state to keep, nothing to draw again when a run goes on. (LLMEmb's
released code draws one pair of views for all epochs, and leaves an item with a single clause without any.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from foretaste.text.clause_tokens import ClauseTokens, Ids


class AttributeViews:
    """Views of a catalogue's items as token ids.

    Args:
        tokens: The clauses of all items.
        drop: Share ``r`` of an item's clauses that a view leaves out.
        seed: Of everything random here.
        limit: Most tokens of a view.
        pad: Id that fills rows up.
        static: Whether every epoch shows the same two views (LLMEmb's released code).
    """

    def __init__(
        self, tokens: ClauseTokens, *, drop: float, seed: int, limit: int, pad: int, static: bool = False
    ) -> None:
        self.tokens, self.seed, self.limit, self.pad, self.static = tokens, seed, limit, pad, static
        counts = tokens.counts
        self.kept: Ids = np.maximum(counts - np.floor(drop * counts + 1e-9).astype(np.int64), 1)

    def __len__(self) -> int:
        return len(self.kept)

    def choose(self, items: Ids, epochs: Ids | int, view: int) -> tuple[Ids, Ids]:
        """The clauses of one view of each item.

        Args:
            items: Dense ids, ``(B,)``.
            epochs: Of each item, or of all.
            view: 0 or 1.

        Returns:
            Distinct clauses, row after row in their new order, and how many each row has, ``(B,)``.
        """
        counts = self.tokens.counts[items]
        rows = np.repeat(np.arange(len(items)), counts)
        place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        numbers = [0 if self.static else epochs, view, items]
        drawn = _hashed(self.seed, *(np.broadcast_to(n, items.shape)[rows] for n in numbers), place)
        order = np.lexsort((drawn, rows))
        kept = self.kept[items]
        order = order[place < kept[rows]]
        return self.tokens.clauses[self.tokens.offsets[items][rows[order]] + place[order]], kept

    def batch(self, items: Ids, epochs: Ids | int, view: int) -> tuple[Ids, Ids]:
        """Token ids ``(B, T)`` and lengths ``(B,)`` of one view of each item; arguments as of :meth:`choose`."""
        return self.tokens.assemble(*self.choose(items, epochs, view), self.limit, self.pad)

    def full_lengths(self) -> Ids:
        """Tokens of each item's whole prompt, ``(V,)``."""
        tokens, first = self.tokens, self.tokens.offsets[:-1]
        sizes = tokens.lengths[3 + 2 * tokens.clauses]
        sizes[first] = tokens.lengths[2 + 2 * tokens.clauses[first]]
        lengths: Ids = np.add.reduceat(sizes, first) + tokens.lengths[:2].sum()
        return lengths

    def content(self, items: Ids, epochs: Ids | int, view: int) -> Ids:
        """A number for what each view tells, ``(B,)``: equal clauses in any order give equal numbers."""
        clauses, counts = self.choose(items, epochs, view)
        return np.add.reduceat(_hashed(0, clauses), np.cumsum(counts) - counts).view(np.int64)


def duplicates(*labels: Sequence[str]) -> Ids:
    """A number for each item, equal for items that agree in one of their labels, or are linked by others that do.

    Args:
        labels: One text for each item, such as its prompt and its title; case and surrounding spaces do not count.
    """
    count = len(labels[0])
    links: list[tuple[Ids, Ids]] = []
    nodes = count
    for column in labels:
        number: dict[str, int] = {}
        ends = [number.setdefault(text.strip().casefold(), len(number)) for text in column]
        links.append((np.arange(count), np.array(ends, dtype=np.int64) + nodes))
        nodes += len(number)
    rows, columns = (np.concatenate(part) for part in zip(*links, strict=True))
    graph = csr_array((np.ones(len(rows), dtype=np.bool_), (rows, columns)), shape=(nodes, nodes))
    found: Ids = connected_components(graph, directed=False)[1][:count].astype(np.int64)
    return found


def _hashed(seed: int, *numbers: Ids) -> NDArray[np.uint64]:
    """Well mixed 64-bit numbers, a function of the seed and the numbers (SplitMix64's finaliser, chained)."""
    state = np.full(numbers[0].shape, seed % 2**64, dtype=np.uint64)
    for number in numbers:
        state = state + number.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state
