"""Titles as MovieLens writes them, turned into titles as people write them."""

from __future__ import annotations

import re

ARTICLES = [
    "The",
    "A",
    "An",
    "Le",
    "La",
    "Les",
    "L'",
    "Un",
    "Une",
    "Des",
    "Il",
    "Lo",
    "Gli",
    "Una",
    "El",
    "Los",
    "Las",
    "Der",
    "Die",
    "Das",
    "Ein",
    "Eine",
    "Den",
    "Det",
    "De",
    "Het",
    "En",
    "Ett",
    "Os",
]
_YEAR = re.compile(r"\s*\((\d{4})(?:\s*[-–]\s*(?:\d{4})?)?\)\s*(?:\((?:V|TV|VG)\))?\s*$")
_INVERTED = re.compile(rf"^(?P<rest>.+), (?P<article>{'|'.join(ARTICLES)})$")
_GROUP = re.compile(r"\((?P<also>a\.k\.a\.\s+)?(?P<title>[^()]*)\)")


def split_title(raw: str) -> tuple[str, int | None]:
    """The title with its articles in front, and the year of release, if it stands there.

    >>> split_title("Leopard Son, The (1996)")
    ('The Leopard Son', 1996)
    >>> split_title("Postino, Il (Postman, The) (1994)")
    ('Il Postino (The Postman)', 1994)
    """
    year = _YEAR.search(raw)
    title = (raw[: year.start()] if year else raw).strip()
    head, bracket, tail = title.partition(" (")
    return turn_article(head) + _GROUP.sub(_turned, bracket + tail), int(year[1]) if year else None


def _turned(group: re.Match[str]) -> str:
    return f"({group['also'] or ''}{turn_article(group['title'])})"


def turn_article(title: str) -> str:
    """``"Misérables, Les"`` as ``"Les Misérables"``; anything else as it is."""
    match = _INVERTED.match(title.strip())
    if match is None:
        return title.strip()
    space = "" if match["article"].endswith("'") else " "
    return f"{match['article']}{space}{match['rest']}"
