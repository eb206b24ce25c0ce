"""What buyers say: stars for every purchase, and for some a review that names what they liked and what they did not."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.simulate.catalogue import Goods
from foretaste.data.simulate.shopping import ASPECTS
from foretaste.data.simulate.texts import style_of
from foretaste.data.simulate.words import DOMAINS, KINDS
from foretaste.data.simulate.words.forms import pronouns, sentence_case, with_article
from foretaste.data.simulate.words.reviews import (
    CLOSINGS,
    MATERIAL_BLAME,
    MATERIAL_PRAISE,
    OPENINGS,
    TITLES,
    USE_BLAME,
    USE_PRAISE,
)
from foretaste.data.simulate.words.shared import LEVEL_BLAME, LEVEL_PRAISE, MATERIALS, OCCASIONS, STYLES

STAR_EDGES = (-1.6, -0.6, 0.6, 2.2)
"""Satisfaction from which a purchase gets 2, 3, 4 and 5 stars."""

FIT_WEIGHT, KINDNESS, MOOD = 0.5, 0.7, 0.7
SATISFACTION = 0.8
VARIANTS = 6
MOODS = 3
"""Reviews sound bad (1 or 2 stars), mixed (3 or 4) or happy (5)."""


def stars(rng: np.random.Generator, fit: NDArray[np.float32], owners: NDArray[np.int64]) -> NDArray[np.int8]:
    """Ratings 1 to 5 from how well the item suited, how kind the user is, and the mood of the day.

    Satisfaction is ``0.8 + 0.5 fit + 0.7 kindness(user) + 0.7 mood`` with standard normal kindness and mood.
    """
    kindness = rng.standard_normal(int(owners.max(initial=-1)) + 1, dtype=np.float32)
    mood = rng.standard_normal(len(fit), dtype=np.float32)
    felt = SATISFACTION + FIT_WEIGHT * fit + KINDNESS * kindness[owners] + MOOD * mood
    return np.asarray(1 + np.searchsorted(STAR_EDGES, felt, side="right"), dtype=np.int8)


def review_texts(
    rng: np.random.Generator,
    goods: Goods,
    items: NDArray[np.int32],
    rating: NDArray[np.int8],
    best: NDArray[np.int8],
    worst: NDArray[np.int8],
) -> tuple[pl.Series, pl.Series]:
    """Titles and texts of reviews; all arrays are ``(n,)``.

    A text is an opening, one or two sentences on aspects and a closing. Happy reviews praise the aspect that the user
    liked most, bad ones blame the one liked least, mixed ones do both.
    """
    mood = np.array([0, 0, 1, 1, 2])[rating - 1]
    draws = (rng.random((5, len(items)), dtype=np.float32) * VARIANTS).astype(np.int64)
    title = _pick(_by_kind(TITLES), goods.kind[items], mood, draws[0])
    opening = _pick(_by_kind(OPENINGS), goods.kind[items], mood, draws[1])
    praise = _aspects(goods, items, best, draws[2], praise=True)
    blame = _aspects(goods, items, worst, draws[3], praise=False)
    closing = _pick(_by_kind(CLOSINGS), goods.kind[items], mood, draws[4])
    parts = pl.DataFrame({"opening": opening, "praise": praise, "blame": blame, "closing": closing, "mood": mood})
    happy, bad = pl.col("mood") == 2, pl.col("mood") == 0
    text = parts.select(
        pl.when(happy)
        .then(pl.concat_str("opening", "praise", "closing", separator=" "))
        .when(bad)
        .then(pl.concat_str("opening", "blame", "closing", separator=" "))
        .otherwise(pl.concat_str("opening", "praise", "blame", "closing", separator=" "))
        .alias("review_text")
    )
    return title.alias("review_title"), text.to_series()


def _by_kind(forms: tuple[tuple[str, ...], ...]) -> list[str]:
    """Templates of each mood filled for each kind: ``kind * MOODS * VARIANTS + mood * VARIANTS + variant``."""
    out = []
    for kind, mood, variant in product(KINDS, range(MOODS), range(VARIANTS)):
        name = kind.names[variant % len(kind.names)]
        form = forms[mood][variant % len(forms[mood])]
        words = pronouns(kind.number)
        text = form.format(noun=name, a_noun=with_article(name, kind.number), **words)
        out.append(sentence_case(text))
    return out


def _pick(table: list[str], kind: NDArray[np.int32], mood: NDArray[np.int64], variant: NDArray[np.int64]) -> pl.Series:
    return pl.Series(table).gather((kind.astype(np.int64) * MOODS + mood) * VARIANTS + variant)


def _aspects(
    goods: Goods, items: NDArray[np.int32], aspect: NDArray[np.int8], variant: NDArray[np.int64], *, praise: bool
) -> pl.Series:
    """Sentences on one aspect of each item: the table runs over aspect, value, number of the noun and variant."""
    sizes = [len(STYLES) * len(KINDS), len(DOMAINS) * len(OCCASIONS), len(MATERIALS), len(LEVEL_PRAISE)]
    table = [*_style_words(praise), *_use_words(praise), *_material_words(praise), *_level_words(praise)]
    values = (
        goods.kind.astype(np.int64) * len(STYLES) + goods.style,
        goods.domain.astype(np.int64) * len(OCCASIONS) + goods.occasion,
        goods.material,
        goods.level,
    )
    starts = np.cumsum([0, *sizes[:-1]])
    code = np.zeros(len(items), dtype=np.int64)
    for number in range(len(ASPECTS)):
        here = aspect == number
        code[here] = starts[number] + values[number][items[here]]
    return pl.Series(table).gather(code * VARIANTS + variant)


def _style_words(praise: bool) -> list[str]:
    styles = (style_of(kind, code) for kind in KINDS for code in range(len(STYLES)))
    return [text for style in styles for text in _fill(style.praise if praise else style.blame)]


def _use_words(praise: bool) -> list[str]:
    forms = USE_PRAISE if praise else USE_BLAME
    uses = (use for domain in DOMAINS for use in domain.uses)
    return [
        sentence_case(forms[v % len(forms)].format(use=use.phrases[v % len(use.phrases)]))
        for use in uses
        for v in range(VARIANTS)
    ]


def _material_words(praise: bool) -> list[str]:
    forms = MATERIAL_PRAISE if praise else MATERIAL_BLAME
    said = (
        tuple(sentence_case(form.format(stuff=name)) for form in forms for name in material.names)
        for material in MATERIALS.values()
    )
    return [text for options in said for text in _fill(options)]


def _level_words(praise: bool) -> list[str]:
    return [text for line in (LEVEL_PRAISE if praise else LEVEL_BLAME) for text in _fill((line,))]


def _fill(options: tuple[str, ...]) -> list[str]:
    """The options repeated until there are ``VARIANTS`` of them."""
    return [options[v % len(options)] for v in range(VARIANTS)]
