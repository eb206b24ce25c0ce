"""What users who shop at the same moment know and see, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.data.simulate.catalogue import DOMAIN_OF_KIND, Goods, Ints
from foretaste.data.simulate.config import MarketConfig
from foretaste.data.simulate.shelves import Shelves
from foretaste.data.simulate.tastes import Tastes


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
class Moment:
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

    def of(self, rows: NDArray[np.int64]) -> Moment:
        """The same for some of the users."""
        tables = (self.tastes.style, self.tastes.occasion, self.tastes.family, self.tastes.domain, self.tastes.level)
        tastes = Tastes(*(table[rows] for table in tables))
        return Moment(tastes, self.history[:, rows], self.place[rows], self.times[rows])

    def last_brand(self, goods: Goods) -> Ints:
        """Brand bought last, -1 before the first purchase."""
        return goods.brand[self.history[-1]] if len(self.history) else np.full(len(self), -1, dtype=np.int32)
