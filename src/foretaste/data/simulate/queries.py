"""What people typed before a purchase: the kind in their own words, and often one thing more."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.simulate.catalogue import BRANDS, MATERIAL_KEYS, NUM_LEVELS, NUM_OCCASIONS, NUM_STYLES, Goods
from foretaste.data.simulate.texts import style_of
from foretaste.data.simulate.words import DOMAINS, KINDS, Domain, Kind
from foretaste.data.simulate.words.reviews import QUERIES
from foretaste.data.simulate.words.shared import LEVEL_WORDS, MATERIALS

MINDS = ("kind", "style", "occasion", "material", "level", "brand")
"""What a query speaks of beside the kind, in the order of their codes."""

MIND_SHARES = (0.25, 0.2, 0.2, 0.15, 0.08, 0.12)
VARIANTS = 6


def query_texts(rng: np.random.Generator, goods: Goods, items: NDArray[np.int32]) -> pl.Series:
    """A query that fits each item, ``(n,)``; the words need not be those of its title."""
    mind = np.searchsorted(np.cumsum(MIND_SHARES)[:-1], rng.random(len(items)), side="right")
    variant = (rng.random(len(items)) * VARIANTS).astype(np.int64)
    kind = goods.kind.astype(np.int64)
    values: tuple[NDArray[Any], ...] = (
        np.zeros(len(goods), dtype=np.int64),
        goods.style,
        goods.occasion,
        goods.material,
        goods.level,
        goods.brand,
    )
    table, starts, widths = _table()
    code = np.zeros(len(items), dtype=np.int64)
    for number, value in enumerate(values):
        here = mind == number
        bought = items[here]
        code[here] = starts[number] + kind[bought] * widths[number] + value[bought]
    return pl.Series("query", table).gather(code * VARIANTS + variant)


@cache
def _table() -> tuple[list[str], list[int], list[int]]:
    """All queries, by what is in mind, kind, value and variant; where each mind starts; how many values it has."""
    widths = [1, NUM_STYLES, NUM_OCCASIONS, len(MATERIAL_KEYS), NUM_LEVELS, len(BRANDS)]
    domains = [domain for domain in DOMAINS for _ in domain.kinds]
    table: list[str] = []
    starts = []
    for mind, width in zip(MINDS, widths, strict=True):
        starts.append(len(table) // VARIANTS)
        for kind, domain in zip(KINDS, domains, strict=True):
            for value in range(width):
                table.extend(_variants(mind, kind, domain, value))
    return table, starts, widths


def _variants(mind: str, kind: Kind, domain: Domain, value: int) -> Iterator[str]:
    for v in range(VARIANTS):
        noun = kind.names[v % len(kind.names)]
        words = _words(mind, kind, domain, value, v)
        forms = QUERIES[mind]
        if words.get("stuff") and set(words["stuff"].split()) & set(noun.replace("-", " ").split()):
            forms = QUERIES["kind"]  # nobody asks for a leather leather craft kit
        yield forms[v % len(forms)].format(noun=noun, **words).lower()


def _words(mind: str, kind: Kind, domain: Domain, value: int, v: int) -> dict[str, str]:
    if mind == "style":
        adjectives = style_of(kind, value).adjectives
        return {"style": adjectives[(v // 2) % len(adjectives)]}
    if mind == "occasion":
        use = domain.uses[value]
        return {"use": (use.titles if v % 2 else use.phrases)[(v // 2) % 2]}
    if mind == "material":
        names = MATERIALS[MATERIAL_KEYS[value]].names
        return {"stuff": names[(v // 2) % len(names)]}
    if mind == "level":
        return {"level": LEVEL_WORDS[value][(v // 2) % len(LEVEL_WORDS[value])]}
    return {"brand": BRANDS[value].name} if mind == "brand" else {}
