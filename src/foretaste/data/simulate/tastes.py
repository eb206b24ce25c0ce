"""Who likes what: tastes over latent attributes, their drift, and the utility of goods to people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.data.simulate.catalogue import NUM_FAMILIES, NUM_OCCASIONS, NUM_STYLES, Goods, Ints
from foretaste.data.simulate.config import MarketConfig

Floats = NDArray[np.float32]

DOMAIN_SPREAD = 1.5
LEVEL_MEAN, LEVEL_SPREAD = 1.3, 0.9
POSITION_BIAS = 0.4
OWNED = 6.0
"""Utility lost by an item that the user has and that is not used up."""


@dataclass
class Tastes:
    """Tastes of ``n`` users; changed in place by :meth:`drift`.

    Attributes:
        style: Standard normal, ``(n, styles)``.
        occasion: Standard normal, ``(n, occasions)``.
        family: Standard normal, ``(n, families)``.
        domain: Log-interest in each domain, normal with deviation 1.5, ``(n, domains)``.
        level: The price level that the user looks for, ``(n,)``; it does not drift.
    """

    style: Floats
    occasion: Floats
    family: Floats
    domain: Floats
    level: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator, users: int, domains: int) -> Tastes:
        """Fresh users."""
        style, occasion, family = (_normal(rng, users, k) for k in (NUM_STYLES, NUM_OCCASIONS, NUM_FAMILIES))
        domain = np.float32(DOMAIN_SPREAD) * _normal(rng, users, domains)
        level = np.float32(LEVEL_MEAN) + np.float32(LEVEL_SPREAD) * _normal(rng, users, 1)[:, 0]
        return cls(style, occasion, family, domain, level)

    def drift(self, rng: np.random.Generator, rows: NDArray[np.int64], share: float) -> None:
        """Renews a share of the variance of all tastes of some users; the distribution stays the same."""
        keep, new = np.float32(np.sqrt(1.0 - share)), np.float32(np.sqrt(share))
        for table, spread in (
            (self.style, 1.0),
            (self.occasion, 1.0),
            (self.family, 1.0),
            (self.domain, DOMAIN_SPREAD),
        ):
            table[rows] = keep * table[rows] + new * np.float32(spread) * _normal(rng, len(rows), table.shape[1])


@dataclass(frozen=True)
class Appeal:
    """Why goods appeal to users: the parts of utility that a review can speak of, each ``(n, width)``."""

    style: Floats
    occasion: Floats
    family: Floats
    price: Floats

    def total(self) -> Floats:
        """Their sum."""
        return np.asarray(self.style + self.occasion + self.family + self.price, dtype=np.float32)


def appeal(config: MarketConfig, goods: Goods, tastes: Tastes, items: Ints) -> Appeal:
    """How the items suit the first ``n`` users; ``items`` is ``(n, width)``."""
    rows = np.arange(len(items))[:, None]
    weight = np.float32(config.taste)
    distance = np.abs(goods.level[items].astype(np.float32) - tastes.level[: len(items), None])
    return Appeal(
        weight * tastes.style[rows, goods.style[items]],
        weight * tastes.occasion[rows, goods.occasion[items]],
        weight * tastes.family[rows, goods.family[items]],
        np.float32(-config.thrift) * distance,
    )


def utility(config: MarketConfig, goods: Goods, tastes: Tastes, items: Ints, last_brand: Ints) -> Floats:
    """What the items are worth to the users before chance: appeal, quality, brand loyalty and place on the slate.

    Args:
        config: The weights.
        goods: The catalogue.
        tastes: Tastes of at least ``n`` users.
        items: Slates, ``(n, width)``, the best-placed item first.
        last_brand: Brand bought last by each user, -1 for none, ``(n,)``.
    """
    worth = appeal(config, goods, tastes, items).total()
    worth += goods.quality[items]
    worth += np.float32(config.loyalty) * (goods.brand[items] == last_brand[:, None])
    worth -= np.float32(POSITION_BIAS) * np.log1p(np.arange(items.shape[1], dtype=np.float32))
    return worth


def _normal(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    return rng.standard_normal((rows, columns), dtype=np.float32)
