"""The declaration of a prompt: which columns of the catalogue are told, under which names, and how much of each.

An item's prompt is an instruction, a line break, and one clause for each attribute that the item has: ``label is
value`` (LLMEmb; its released code joins the clauses by semicolons and cuts the values of the Amazon sets to 100
characters). A user's prompt names the newest items of the training part (LLM-ESR).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property

from foretaste.core.artefact import fingerprint
from foretaste.core.config import option, to_dict
from foretaste.core.errors import ConfigError
from foretaste.text.prompts.excluded import EXCLUDED, excluding_pattern

VERSION = 1
"""Of the form of specification files, and of the way in which they become texts."""

CHARS_PER_TOKEN = 3.0
"""A cautious figure: over users' prompts, MiniLM's tokens hold 3.5 characters of scientific supplies on average (3.0 at
the fifth percentile) and 3.8 to 4.2 of groceries, cosmetics, films and games."""


@dataclass(frozen=True)
class Field:
    """One column in a prompt."""

    column: str = option("", "the column of the catalogue")
    label: str | None = option(None, "its name in the clause; none: the column's name; empty: the bare value")
    max_chars: int = option(
        100,
        "characters of the value that are kept, cut between words",
        paper="100 (LLMEmb, Amazon)",
        low=8,
    )
    chunks: str = option(
        "none",
        "for attribute dropout, give the value as several clauses: one for each part between commas (or brackets or "
        "dashes), or also of three words at most",
        choices=("none", "commas", "words"),
    )

    @property
    def name(self) -> str:
        """The label in the clause."""
        return label_of(self.column) if self.label is None else self.label


def label_of(column: str) -> str:
    """A column's name in words.

    >>> label_of("releaseYear"), label_of("release_year")
    ('release year', 'release year')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\s]+", " ", column).strip().lower()


@dataclass(frozen=True)
class PromptStyle:
    """Everything of a :class:`PromptSpec` but its fields."""

    version: int = option(VERSION, "form of this specification", low=1, high=VERSION)
    instruction: str = option("The item has the following attributes:", "the prompt's first line; empty for none")
    link: str = option(" is ", "stands between a label and its value")
    joiner: str = option("; ", "stands between two clauses", paper='";" (LLMEmb)')
    list_joiner: str = option(", ", "stands between the values of a list", paper='"," (LLMEmb)')
    fallback: str = option("unknown item", "the only clause of an item without any attribute (an id tells nothing)")
    max_chars: int | None = option(
        4096,
        "characters of the whole prompt, last clauses are cut first; none for any",
        paper="4,095 (LLM-ESR, Beauty)",
    )
    missing: tuple[str, ...] = option(
        ("unknown", "n/a", "na", "nan", "none", "null", "nil"),
        "values that mean that there is none, in any case of letters; so do values without a letter or digit",
    )
    exclude: tuple[str, ...] = option(
        EXCLUDED,
        "patterns of columns that must not be told: popularity leaks what the test set asks, ids tell nothing",
    )


@dataclass(frozen=True)
class PromptSpec(PromptStyle):
    """What is told of an item.

    Attributes:
        fields: The columns, in the order of the clauses.

    Raises:
        ConfigError: If a field is named twice or is excluded, or the caps leave no room for a clause.
    """

    fields: tuple[Field, ...] = field(default=())

    def __post_init__(self) -> None:
        columns = [one.column for one in self.fields]
        for column in columns:
            _check_field(column, columns, self.exclude)
        if self.max_chars is not None and self.max_chars < len(self.instruction) + MIN_ROOM:
            raise ConfigError(
                f"max_chars={self.max_chars} leaves no room beside the instruction",
                allowed=f"{len(self.instruction) + MIN_ROOM} or more, or none",
                mend="raise max_chars or shorten the instruction",
            )

    @cached_property
    def fingerprint(self) -> str:
        """A digest of everything declared; it changes when any prompt may."""
        return fingerprint(to_dict(self))


MIN_ROOM = 32
"""Characters that must be left for what a prompt is about."""


@dataclass(frozen=True)
class UserPromptSpec:
    """What is told of a user: the titles of the newest training items, oldest of them first.

    Raises:
        ConfigError: If the cap leaves no room for a title.
    """

    version: int = option(VERSION, "form of this specification", low=1, high=VERSION)
    instruction: str = option("The user has chosen the following items, oldest first:", "the prompt's first line")
    ending: str = option("What does this user prefer?", "the prompt's last line; empty for none")
    joiner: str = option("; ", "stands between two titles", paper='"," (LLM-ESR), which titles contain too')
    title_chars: int = option(100, "characters of one title that are kept", low=8)
    max_items: int | None = option(None, "at most so many of the newest items; none for any number", low=1)
    max_chars: int = option(
        8000, "characters of the whole prompt; the oldest titles are left out first", paper="8,000 (LLM-ESR)"
    )
    fallback: str = option("nothing known", "stands for the titles of a user without any")

    def __post_init__(self) -> None:
        room = self.max_chars - len(self.instruction) - len(self.ending)
        if room < MIN_ROOM:
            raise ConfigError(
                f"max_chars={self.max_chars} leaves no room for titles beside the instruction and the ending",
                allowed=f"{self.max_chars - room + MIN_ROOM} or more",
                mend="raise max_chars or shorten them",
            )

    def within(self, tokens: int) -> UserPromptSpec:
        """The same, short enough for an encoder that reads so many tokens: it would cut the newest items off.

        A cap below what instruction and ending need is raised to that, and so the shortest history remains.
        """
        least = len(self.instruction) + len(self.ending) + MIN_ROOM
        return replace(self, max_chars=min(self.max_chars, max(int(tokens * CHARS_PER_TOKEN), least)))

    @cached_property
    def fingerprint(self) -> str:
        """A digest of everything declared."""
        return fingerprint(to_dict(self))


def _check_field(column: str, columns: list[str], exclude: tuple[str, ...]) -> None:
    if not column:
        raise ConfigError("a field names no column", allowed="column = NAME in each field", mend="name the column")
    if columns.count(column) > 1:
        raise ConfigError(
            f"the column {column!r} stands twice in the prompt", allowed="each column once", mend="remove one of them"
        )
    if pattern := excluding_pattern(column, exclude):
        raise ConfigError(
            f"the prompt names the column {column!r}, which it also excludes by the pattern {pattern!r}",
            where="fields and exclude of the prompt",
            allowed="columns that no pattern of `exclude` fits",
            mend=f"remove the field; if {column!r} tells nothing of popularity, remove the pattern instead",
        )
