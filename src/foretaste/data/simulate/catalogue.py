"""The goods: latent attributes of every item, drawn first; their texts are composed from them afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from foretaste.data.simulate.config import MarketConfig
from foretaste.data.simulate.words import DOMAINS, KINDS, Domain
from foretaste.data.simulate.words.forms import Brand
from foretaste.data.simulate.words.shared import FAMILIES, LEVELS, MATERIALS, OCCASIONS, STYLES

Ints = NDArray[np.int32]

BRANDS: tuple[Brand, ...] = tuple(brand for domain in DOMAINS for brand in domain.brands)
MATERIAL_KEYS: tuple[str, ...] = tuple(MATERIALS)
STYLE_KEYS: tuple[str, ...] = tuple(STYLES)
NUM_STYLES, NUM_OCCASIONS, NUM_FAMILIES, NUM_LEVELS = len(STYLES), len(OCCASIONS), len(FAMILIES), len(LEVELS)

BRAND_SKEW = 0.5
HOUSE_STYLE = 0.6
LEVEL_STEPS = (0.15, 0.7, 0.15)
LEVEL_FACTOR = 1.7
PRICE_SPREAD = 0.12
QUALITY = 0.4
ZIPF_SHIFT = 2.0


@dataclass(frozen=True)
class Goods:
    """Latent attributes of ``n`` items, one array each; codes count from 0.

    Attributes:
        kind: Code in ``KINDS``, ``(n,)``.
        brand: Code in ``BRANDS``.
        style: Code in ``STYLES``.
        occasion: Code in ``OCCASIONS``.
        material: Code in ``MATERIALS``.
        level: Price level, 0 to 3.
        price: In currency units.
        quality: Utility that everybody agrees on.
        birth: Unix second from which the item can be met.
        attention: Zipf weight with which it is met; 0 for an item that is listed and never shown.
    """

    kind: Ints
    brand: Ints
    style: Ints
    occasion: Ints
    material: Ints
    level: Ints
    price: NDArray[np.float64]
    quality: NDArray[np.float32]
    birth: NDArray[np.int64]
    attention: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.kind)

    @cached_property
    def family(self) -> Ints:
        """Family of each item's material, code in ``FAMILIES``."""
        return np.array([FAMILIES.index(m.family) for m in MATERIALS.values()], dtype=np.int32)[self.material]

    @cached_property
    def domain(self) -> Ints:
        """Domain of each item, code in ``DOMAINS``."""
        return DOMAIN_OF_KIND[self.kind]


DOMAIN_OF_KIND: Ints = np.repeat(np.arange(len(DOMAINS), dtype=np.int32), [len(d.kinds) for d in DOMAINS])
"""Domain of each kind."""


def departments(items: int) -> tuple[Domain, ...]:
    """The first domains that the catalogue can fill: two items for each of their kinds; one domain at least."""
    room, used = items, 1
    for count in range(1, len(DOMAINS) + 1):
        if 2 * sum(len(d.kinds) for d in DOMAINS[:count]) <= room:
            used = count
    return DOMAINS[:used]


def kind_shares(rng: np.random.Generator, kinds: int) -> NDArray[np.float64]:
    """How much of the shelves and of the free interest each kind takes: Gamma(2) draws, normalised."""
    share = rng.gamma(2.0, size=kinds) + 0.2
    return np.asarray(share / share.sum())


def stock(rng: np.random.Generator, config: MarketConfig, shares: NDArray[np.float64]) -> Goods:
    """Draws the catalogue.

    Every kind has one founding item, present from the start and never cold; all others are drawn independently.
    """
    n, kinds = config.items, len(shares)
    place = rng.permutation(n)
    kind = np.concatenate([np.arange(kinds), rng.choice(kinds, n - kinds, p=shares)])[place].astype(np.int32)
    founding = (np.arange(n) < kinds)[place]
    brand = _brands(rng, kind)
    own = np.array([STYLE_KEYS.index(b.style) for b in BRANDS], dtype=np.int32)[brand]
    style = np.where(rng.random(n) < HOUSE_STYLE, own, rng.integers(NUM_STYLES, size=n)).astype(np.int32)
    usual = np.array([b.level for b in BRANDS])[brand]
    level = np.clip(usual + rng.choice((-1, 0, 1), n, p=LEVEL_STEPS), 0, NUM_LEVELS - 1).astype(np.int32)
    return Goods(
        kind=kind,
        brand=brand,
        style=style,
        occasion=rng.integers(NUM_OCCASIONS, size=n).astype(np.int32),
        material=_materials(rng, kind),
        level=level,
        price=_prices(rng, kind, level),
        quality=(QUALITY * rng.standard_normal(n)).astype(np.float32),
        birth=_births(rng, config, founding),
        attention=_attention(rng, config, founding),
    )


def _brands(rng: np.random.Generator, kind: Ints) -> Ints:
    """A brand of the kind's domain, the b-th of them with weight ``(b + 1)^-0.5``."""
    sizes = np.array([len(d.brands) for d in DOMAINS])
    first = np.cumsum(sizes) - sizes
    out = np.zeros(len(kind), dtype=np.int32)
    draws = rng.random(len(kind))
    for code, size in enumerate(sizes):
        weights = (np.arange(size) + 1.0) ** -BRAND_SKEW
        edges = np.cumsum(weights / weights.sum())
        here = DOMAIN_OF_KIND[kind] == code
        out[here] = first[code] + np.minimum(np.searchsorted(edges, draws[here], side="right"), size - 1)
    return out


def _materials(rng: np.random.Generator, kind: Ints) -> Ints:
    """One of the kind's materials, all alike."""
    counts = np.array([len(k.materials) for k in KINDS])
    table = np.zeros((len(KINDS), counts.max()), dtype=np.int32)
    for row, k in enumerate(KINDS):
        table[row, : len(k.materials)] = [MATERIAL_KEYS.index(m) for m in k.materials]
    picked: Ints = table[kind, (rng.random(len(kind)) * counts[kind]).astype(np.int64)]
    return picked


def _prices(rng: np.random.Generator, kind: Ints, level: Ints) -> NDArray[np.float64]:
    """The kind's usual price, times 1.7 for each level above the second, times log-normal noise; ends like a price."""
    usual = np.array([k.price for k in KINDS])[kind]
    raw = usual * LEVEL_FACTOR ** (level - 1.0) * np.exp(PRICE_SPREAD * rng.standard_normal(len(kind)))
    ending = np.array([0.00, 0.50, 0.90, 0.95])[rng.integers(4, size=len(kind))]
    return np.asarray(np.round(np.maximum(np.floor(raw), 2.0) + ending, 2))


def _births(rng: np.random.Generator, config: MarketConfig, founding: NDArray[np.bool_]) -> NDArray[np.int64]:
    late = (rng.random(len(founding)) < config.new_share) & ~founding
    moment = config.start + (rng.random(len(founding)) * config.days * 86_400).astype(np.int64)
    return np.where(late, moment, config.start)


def _attention(rng: np.random.Generator, config: MarketConfig, founding: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Zipf-Mandelbrot weights in random order; exactly ``round(cold_share * n)`` of the later items get none."""
    n = len(founding)
    weights = (np.arange(n) + 1.0 + ZIPF_SHIFT) ** -config.zipf
    weights = weights[rng.permutation(n)]
    others = rng.permutation(np.flatnonzero(~founding))
    weights[others[: round(config.cold_share * n)]] = 0.0
    return np.asarray(weights)
