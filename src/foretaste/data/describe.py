"""What a data set looks like before anything is trained on it: sizes, the long tail, repeats, ties, time and text."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.data.dataset import Dataset
from foretaste.data.describe_text import TextColumn, text_columns
from foretaste.data.sequences import Sequences

HEAD_SHARE = 0.2
RARE = 5
"""An item with fewer interactions is called rare."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Spread:
    """How some counts are spread."""

    min: int
    median: float
    mean: float
    p90: float
    max: int

    @classmethod
    def of(cls, counts: Counts) -> Spread:
        """The spread of counts; zeros where there are none."""
        if not len(counts):
            return cls(0, 0.0, 0.0, 0.0, 0)
        middle, high = np.quantile(counts, [0.5, 0.9])
        return cls(int(counts.min()), float(middle), float(counts.mean()), float(high), int(counts.max()))


@dataclass(frozen=True)
class Tail:
    """How unequal popularity is. "Head" are the most popular fifth of the items that occur, "tail" all others.

    Attributes:
        gini: Gini coefficient of the popularity of the items that occur; 0 is equal, 1 is all on one item.
        gini_listed: The same over all listed items, those without interactions included.
        head_items: Number of head items.
        head_share: Share of the interactions that fall on the head.
        tail_items: Number of tail items.
        tail_share: Share of the interactions that fall on the tail.
        items_for_80: Fewest items that carry 80 % of the interactions.
    """

    gini: float
    gini_listed: float
    head_items: int
    head_share: float
    tail_items: int
    tail_share: float
    items_for_80: int


@dataclass(frozen=True)
class Repeats:
    """Interactions of a user with an item beyond the first, and the users that have any."""

    interactions: int
    share: float
    users: int


@dataclass(frozen=True)
class Ties:
    """Interactions that share their moment with another one of the same user, and the users that have any."""

    interactions: int
    share: float
    users: int


@dataclass(frozen=True)
class Cold:
    """Listed items that never occur, and items that occur fewer than five times (those included)."""

    never: int
    never_share: float
    rare: int
    rare_share: float


@dataclass(frozen=True)
class Period:
    """First and last moment, UTC."""

    first: str
    last: str
    days: float


@dataclass(frozen=True)
class Description:
    """Everything that ``foretaste data describe`` tells; :meth:`as_dict` is its ``--json`` output.

    Attributes:
        name: What the data set is called.
        folder: Where it lies.
        fingerprint: Digest of its tables.
        timestamp: ``unix_seconds``, ``ordinal`` (only an order) or ``none``.
        users: Users with at least one interaction.
        items_listed: Items of the catalogue, and those met only in the log.
        items_interacted: Items that occur.
        interactions: All interactions.
        density_pct: Interactions per hundred cells of the matrix of users and occurring items.
        history_length: Interactions per user.
        item_frequency: Interactions per item that occurs.
        tail: How unequal popularity is.
        repeats: Same user, same item, again.
        ties: Same user, same moment.
        cold: Listed items without interactions, or with few.
        period: First and last moment; None where timestamps are only an order.
        text: What the catalogue says, column by column.
    """

    name: str
    folder: str
    fingerprint: str
    timestamp: str
    users: int
    items_listed: int
    items_interacted: int
    interactions: int
    density_pct: float
    history_length: Spread
    item_frequency: Spread
    tail: Tail
    repeats: Repeats
    ties: Ties | None
    cold: Cold
    period: Period | None
    text: list[TextColumn]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; floats are rounded to six places."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded


def describe(dataset: Dataset) -> Description:
    """Measures a data set; nothing here looks at one user or item at a time."""
    rows = dataset.sequences
    popularity = rows.counts(dataset.num_items)
    occurring = popularity[popularity > 0]
    cells = dataset.num_users * len(occurring)
    return Description(
        name=dataset.name,
        folder=str(dataset.folder),
        fingerprint=dataset.fingerprint,
        timestamp="none" if rows.times is None else "unix_seconds" if dataset.real_times else "ordinal",
        users=dataset.num_users,
        items_listed=dataset.num_items,
        items_interacted=len(occurring),
        interactions=rows.total,
        density_pct=100 * rows.total / cells if cells else 0.0,
        history_length=Spread.of(rows.lengths),
        item_frequency=Spread.of(occurring),
        tail=long_tail(popularity),
        repeats=_repeats(rows, dataset.num_items),
        ties=_ties(rows),
        cold=_cold(popularity),
        period=_period(rows) if dataset.real_times else None,
        text=text_columns(dataset.catalogue),
    )


def gini(counts: Counts) -> float:
    """Gini coefficient of non-negative counts: half the mean absolute difference, relative to the mean.

    >>> gini(np.array([1, 1, 1, 1])), gini(np.array([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    total = counts.sum()
    if not total:
        return 0.0
    n = len(counts)
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float(weights @ np.sort(counts) / (n * total))


def long_tail(popularity: Counts) -> Tail:
    """Head and tail by the Pareto rule, from the interactions of every listed item."""
    falling = np.sort(popularity[popularity > 0])[::-1]
    total = max(int(falling.sum()), 1)
    head = round(HEAD_SHARE * len(falling))
    mass = np.cumsum(falling)
    share = float(mass[head - 1] / total) if head else 0.0
    enough = int(np.searchsorted(mass, 0.8 * total)) + 1 if len(falling) else 0
    tail_share = 1.0 - share if len(falling) else 0.0
    return Tail(gini(falling), gini(popularity), head, share, len(falling) - head, tail_share, enough)


def _repeats(rows: Sequences, num_items: int) -> Repeats:
    owners = rows.owners()
    pairs = np.sort(owners * max(num_items, 1) + rows.flat())
    again = pairs[1:][pairs[1:] == pairs[:-1]]
    users = len(np.unique(again // max(num_items, 1)))
    return Repeats(len(again), len(again) / max(len(pairs), 1), users)


def _ties(rows: Sequences) -> Ties | None:
    if rows.times is None:
        return None
    times, owners = rows.times[rows.places()], rows.owners()
    same = (times[1:] == times[:-1]) & (owners[1:] == owners[:-1])
    tied = np.zeros(len(times), dtype=np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    return Ties(int(tied.sum()), float(tied.sum()) / max(len(times), 1), len(np.unique(owners[tied])))


def _cold(popularity: Counts) -> Cold:
    listed = max(len(popularity), 1)
    never, rare = int((popularity == 0).sum()), int((popularity < RARE).sum())
    return Cold(never, never / listed, rare, rare / listed)


def _period(rows: Sequences) -> Period | None:
    if rows.times is None or not rows.total:
        return None
    times = rows.times[rows.places()]
    first, last = int(times.min()), int(times.max())
    return Period(_iso(first), _iso(last), (last - first) / 86_400)


def _iso(moment: int) -> str:
    try:
        return datetime.fromtimestamp(moment, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{moment} s"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value
