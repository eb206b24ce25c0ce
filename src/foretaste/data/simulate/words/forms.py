"""The shape of the vocabulary, and the little grammar that English needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Number = Literal["one", "many", "mass"]
"""``one`` takes an article (a tent), ``many`` is plural (drumsticks), ``mass`` has no article (loose-leaf tea)."""

SMALL_WORDS = frozenset({"a", "an", "and", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
VOWEL_BUT_CONSONANT = ("eu", "one", "uk", "uni", "us")


@dataclass(frozen=True)
class Kind:
    """One kind of goods.

    Attributes:
        names: What people call it, the usual name first; all of the same grammatical number.
        shelf: Last part of its category path.
        price: Usual price of an everyday one.
        materials: Keys of the materials it is made of.
        sizes: Size or count, as it stands in a title.
        facts: Whole sentences on what it does.
        then: Usual names of the kinds that people want next, likeliest first.
        number: Grammatical number of the names.
        used_up: Whether people buy the very same one again.
    """

    names: tuple[str, ...]
    shelf: str
    price: float
    materials: tuple[str, ...]
    sizes: tuple[str, ...]
    facts: tuple[str, ...]
    then: tuple[str, ...]
    number: Number = "one"
    used_up: bool = False


@dataclass(frozen=True)
class Brand:
    """A maker with a price level (0 to 3) and a style it leans to."""

    name: str
    level: int
    style: str


@dataclass(frozen=True)
class Use:
    """How one occasion sounds in one domain.

    Attributes:
        titles: Endings of a title ("for Small Kitchens").
        phrases: The same in running text ("when space is short"); each completes "I use it …".
        sentences: Whole sentences for a description.
    """

    titles: tuple[str, ...]
    phrases: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Domain:
    """A department: its kinds, its makers, and its occasions in the order of ``OCCASIONS``."""

    name: str
    kinds: tuple[Kind, ...]
    brands: tuple[Brand, ...]
    uses: tuple[Use, ...]


def title_case(text: str) -> str:
    """Capitals as in a title.

    >>> title_case("chef's knife for weeknights in the city")
    "Chef's Knife for Weeknights in the City"
    """
    words = text.split(" ")
    shown = [w if i and w.lower() in SMALL_WORDS else _capital(w) for i, w in enumerate(words)]
    return " ".join(shown)


def _capital(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))


def sentence_case(text: str) -> str:
    """The first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


def with_article(phrase: str, number: Number) -> str:
    """The phrase with "a" or "an" where it needs one.

    >>> with_article("ukulele", "one"), with_article("enamel kettle", "one"), with_article("loose-leaf tea", "mass")
    ('a ukulele', 'an enamel kettle', 'loose-leaf tea')
    """
    if number != "one":
        return phrase
    low = phrase.lower()
    vowel = low[:1] in "aeiou" and not low.startswith(VOWEL_BUT_CONSONANT)
    return f"{'an' if vowel else 'a'} {phrase}"


def pronouns(number: Number) -> dict[str, str]:
    """The words that must agree with a noun of this number."""
    if number == "many":
        return {"this": "these", "it": "they", "is": "are", "has": "have", "does": "do", "obj": "them", "was": "were"}
    return {"this": "this", "it": "it", "is": "is", "has": "has", "does": "does", "obj": "it", "was": "was"}
