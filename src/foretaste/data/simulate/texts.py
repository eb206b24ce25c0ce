"""What a catalogue says of its goods: titles, category paths and descriptions that reveal the latent attributes.

An attribute is shown in one of several words for the same thing, and each sentence may be missing, so that similar
items seldom share the very same words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.simulate.catalogue import BRANDS, MATERIAL_KEYS, STYLE_KEYS, Goods
from foretaste.data.simulate.words import DOMAINS, KINDS, Domain, Kind
from foretaste.data.simulate.words.food import FOOD_STYLES
from foretaste.data.simulate.words.forms import sentence_case, title_case, with_article
from foretaste.data.simulate.words.shared import COLOURS, LEVELS, LINES, MATERIALS, STYLES, Material, Style

SAID = 0.85
"""Probability that a description speaks of an attribute at all."""


def item_ids(count: int) -> list[str]:
    """Raw ids that reveal nothing: a letter and the row number."""
    width = max(4, len(str(count)))
    return [f"I{row:0{width}d}" for row in range(1, count + 1)]


def style_of(kind: Kind, style: int) -> Style:
    """The words for a style, which differ for food."""
    table = FOOD_STYLES if is_food(kind) else STYLES
    return table[STYLE_KEYS[style]]


def is_food(kind: Kind) -> bool:
    """Whether the kind is eaten or drunk."""
    return MATERIALS[kind.materials[0]].family == "food"


def catalogue_table(rng: np.random.Generator, goods: Goods) -> pl.DataFrame:
    """One row for each item: id, title, brand, category path, price, description, day of appearance."""
    words = [_Words.pick(goods, row, draws) for row, draws in enumerate(rng.random((len(goods), 24)))]
    return pl.DataFrame(
        {
            "item_id": item_ids(len(goods)),
            "title": _distinct([w.title() for w in words], words),
            "brand": [w.brand for w in words],
            "categories": [w.path() for w in words],
            "price": goods.price,
            "description": [w.description() for w in words],
            "listed_at": goods.birth,
        }
    )


@dataclass(frozen=True)
class _Words:
    """The words chosen for one item; ``draws`` are uniform numbers, each used for one choice."""

    kind: Kind
    domain: Domain
    name: str
    brand: str
    style: Style
    material: Material
    occasion: int
    level: int
    draws: NDArray[np.float64]

    @classmethod
    def pick(cls, goods: Goods, row: int, draws: NDArray[np.float64]) -> _Words:
        kind = KINDS[goods.kind[row]]
        first_name = draws[0] < 0.6
        return cls(
            kind=kind,
            domain=DOMAINS[goods.domain[row]],
            name=kind.names[0] if first_name else _one(kind.names, draws[1]),
            brand=BRANDS[goods.brand[row]].name,
            style=style_of(kind, int(goods.style[row])),
            material=MATERIALS[MATERIAL_KEYS[goods.material[row]]],
            occasion=int(goods.occasion[row]),
            level=int(goods.level[row]),
            draws=draws,
        )

    @property
    def line(self) -> str:
        return _one(LINES, self.draws[2])

    @property
    def colour(self) -> str:
        return _one(COLOURS, self.draws[3])

    @property
    def made_of(self) -> str | None:
        """The material, unless the name says it already or it cannot be said of it."""
        name = _one(self.material.names, self.draws[4])
        said = set(self.name.replace("-", " ").split())
        return None if said & set(name.split()) else name

    def title(self) -> str:
        size, name = _one(self.kind.sizes, self.draws[5]), title_case(self.name)
        style = title_case(_one(self.style.adjectives, self.draws[6]))
        use = _one(self.domain.uses[self.occasion].titles, self.draws[7])
        stuff = f"{title_case(self.made_of)} " if self.made_of else ""
        forms = (
            f"{self.brand} {self.line} {stuff}{name}, {size}",
            f"{self.brand} {style} {stuff}{name}, {size}",
            f"{self.brand} {self.line} {name} {use}, {size}",
            f"{style} {stuff}{name} by {self.brand}, {size}",
            f"{self.brand} {self.line} {style} {name}"
            + (f", {size}" if is_food(self.kind) else f" – {size}, {self.colour}"),
            f"{self.brand} {stuff}{name} {use}, {size}",
        )
        return _one(forms, self.draws[8])

    def path(self) -> list[str]:
        return [self.domain.name, self.kind.shelf, title_case(self.kind.names[0])]

    def description(self) -> str:
        use = self.domain.uses[self.occasion]
        parts = [
            (_one(self.style.sentences, self.draws[9]), self.draws[13]),
            (_one(self.material.sentences, self.draws[10]), self.draws[14]),
            (_one(use.sentences, self.draws[11]), self.draws[15]),
            (_one(LEVELS[self.level], self.draws[12]), self.draws[16]),
        ]
        said = [text for text, draw in parts if draw < SAID]
        fact = _one(self.kind.facts, self.draws[17])
        body = [fact, *said] if self.draws[18] < 0.5 else [*said, fact]
        if self.draws[19] < 0.5:
            body = body[1:] + body[:1]
        return " ".join([self._opening(), *body])

    def _opening(self) -> str:
        other = _one(self.kind.names, self.draws[20])
        plain = with_article(other, self.kind.number)
        styled = with_article(f"{_one(self.style.adjectives, self.draws[21])} {other}", self.kind.number)
        forms = (
            f"{sentence_case(plain)} from the {self.line} range by {self.brand}.",
            f"{sentence_case(styled)}, designed by {self.brand}.",
            f"{self.brand} presents the {self.line}: {styled}.",
            f"From the workshop of {self.brand}: {plain} in {self.colour.lower()}.",
        )
        return _one(forms[:3] if is_food(self.kind) else forms, self.draws[22])


def _one(options: tuple[str, ...], draw: float) -> str:
    return options[int(draw * len(options))]


def _distinct(titles: list[str], words: list[_Words]) -> list[str]:
    """Titles that stand twice get their colour, then a number."""
    seen: dict[str, int] = {}
    out = []
    for title, word in zip(titles, words, strict=True):
        if title in seen and word.colour not in title and not is_food(word.kind):
            title = f"{title}, {word.colour}"
        count = seen[title] = seen.get(title, 0) + 1
        out.append(title if count == 1 else f"{title} (Edition {count})")
    return out
