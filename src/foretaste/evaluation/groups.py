"""Who is served how well: targets divided by how popular the item is and how long the user's history.

Popularity is counted on the training part only. Every division puts each target into exactly one group, so its
denominators sum to the number of targets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.data.frequency import BINS, frequency_bins

HEAD_SHARE = 0.2
"""Pareto: the most popular fifth of the items, and the most active fifth of the users, are the head."""

ITEM_EDGES = {"llm-esr": (10, 30, 60, 100), "llmemb": (5, 10, 20, 40)}
"""Popularity thresholds of the papers' five-bin reports; a bin starts at its edge."""

USER_EDGES = (5, 10, 15, 20)
"""History-length thresholds of the papers' five-bin reports."""

EQUAL_BINS = 5
"""How many bins of equal mass."""


@dataclass(frozen=True)
class Division:
    """Targets divided into named groups.

    Attributes:
        names: Names of the groups, in order.
        member: Group of each target, ``(m,)``, an index into ``names``.
    """

    names: tuple[str, ...]
    member: NDArray[np.int64]

    def masks(self) -> dict[str, NDArray[np.bool_]]:
        """Name → which targets belong to it."""
        return {name: self.member == index for index, name in enumerate(self.names)}


def head_items(popularity: NDArray[np.int64], share: float = HEAD_SHARE) -> NDArray[np.bool_]:
    """Which items are the most popular ``share`` of the catalogue's items that occur in training.

    Items are taken in order of falling popularity; among equally popular ones the lower dense id comes first. An item
    that never occurs is never head.
    """
    present = int((popularity > 0).sum())
    order = np.argsort(-popularity, kind="stable")[: round(share * present)]
    head = np.zeros(len(popularity), dtype=np.bool_)
    head[order] = True
    return head


def by_head(head: NDArray[np.bool_]) -> Division:
    """Head and tail, from a mark for each target."""
    return Division(("head", "tail"), (~head).astype(np.int64))


def by_edges(values: NDArray[np.int64], edges: tuple[int, ...], unit: str = "") -> Division:
    """Bins ``[0, e1)``, ``[e1, e2)``, … ``[en, ∞)`` of whole numbers.

    Args:
        values: What is binned, one for each target.
        edges: Rising thresholds; each is the smallest value of its bin.
        unit: Put before the bin's name.

    >>> by_edges(np.array([4, 5, 30]), (5, 10)).names
    ('0-4', '5-9', '10+')
    """
    starts = (0, *edges)
    names = [_span(low, high) for low, high in zip(starts, edges, strict=False)] + [f"{starts[-1]}+"]
    prefix = f"{unit} " if unit else ""
    return Division(tuple(prefix + n for n in names), np.searchsorted(edges, values, side="right").astype(np.int64))


def _span(low: int, high: int) -> str:
    return f"{low}-{high - 1}" if high - low > 1 else str(low)


def by_equal_mass(values: NDArray[np.int64], masses: NDArray[np.int64], bins: int = EQUAL_BINS) -> Division:
    """Bins of values, each of which holds about the same share of the mass; equal values are never parted.

    Args:
        values: What is binned, one for each target (the popularity of its item).
        masses: All values over which the mass is counted (the popularity of every item): each weighs its value.
        bins: How many bins; fewer where single values outweigh a bin.
    """
    rising = np.sort(masses[masses > 0])
    if not len(rising):
        return by_edges(values, ())
    share = (np.cumsum(rising) - rising) / rising.sum()
    found = np.searchsorted(share, np.arange(1, bins) / bins)
    edges = np.unique(rising[np.minimum(found, len(rising) - 1)])
    return by_edges(values, tuple(int(edge) for edge in edges if edge > rising[0]))


def by_frequency(popularity: NDArray[np.int64], items: NDArray[np.int32]) -> Division:
    """PAD's bins of equal mass, from the hottest to the coldest; unlike :func:`by_equal_mass` they may part equals.

    Args:
        popularity: Training interactions of every item, ``(num_items,)``.
        items: The targets' items, ``(m,)``.
    """
    return Division(tuple(str(number + 1) for number in range(BINS)), frequency_bins(popularity)[items])


def by_cold(popularity: NDArray[np.int64]) -> Division:
    """Targets whose item never occurs in training, and the others."""
    return Division(("cold", "warm"), (popularity > 0).astype(np.int64))


def item_divisions(popularity: NDArray[np.int64], items: NDArray[np.int32]) -> dict[str, Division]:
    """Every division by the target's item.

    Args:
        popularity: Training interactions of every item, ``(num_items,)``.
        items: The targets' items, ``(m,)``.
    """
    counts = popularity[items]
    return {
        "pareto": by_head(head_items(popularity)[items]),
        "cold": by_cold(counts),
        "equal-mass": by_equal_mass(counts, popularity),
        "frequency": by_frequency(popularity, items),
        **{name: by_edges(counts, edges) for name, edges in ITEM_EDGES.items()},
    }


def user_divisions(lengths: NDArray[np.int64], share: float = HEAD_SHARE) -> dict[str, Division]:
    """Every division by the length of the history that the question gives, ``(m,)``.

    Head users are those with the longest histories: the smallest length is taken at which they are no more than
    ``share`` of all, so that users of the same length stay together.
    """
    rising = np.sort(lengths)
    fewer = 1 - np.searchsorted(rising, rising, side="left") / max(len(rising), 1)
    cut = rising[fewer <= share]
    head = lengths >= cut[0] if len(cut) else np.zeros(len(lengths), dtype=np.bool_)
    return {"pareto": by_head(head), "length": by_edges(lengths, USER_EDGES)}
