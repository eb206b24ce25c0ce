"""What ``foretaste data describe`` tells of a data set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.data.describe_text import TextColumn

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


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value
