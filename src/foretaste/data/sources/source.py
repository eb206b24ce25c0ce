"""What a public source is: files at a publisher, terms of use, and a reader that makes tables of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from foretaste.data.sources.rejects import Rejects
from foretaste.data.sources.remote import Remote
from foretaste.data.sources.transfer import Advance

Files = Mapping[str, Path]
"""The source's files by their role ("archive", "log", "meta")."""


class Reader(Protocol):
    """Makes tables of a source's files, in bounded memory."""

    def log(self, files: Files, rejects: Rejects, advance: Advance) -> Iterator[pl.DataFrame]:
        """Interactions in batches: ``user_id``, ``item_id``, ``timestamp``, ``rating`` and whatever else there is."""
        ...

    def items(
        self, files: Files, wanted: frozenset[str] | None, rejects: Rejects, advance: Advance
    ) -> Iterator[pl.DataFrame]:
        """The catalogue in batches; only the wanted items, if a set is given. An item may come more than once."""
        ...

    def users(self, files: Files, rejects: Rejects) -> pl.DataFrame | None:
        """What is known of users."""
        ...


@dataclass(frozen=True)
class Source:
    """A public data set.

    Attributes:
        name: As in ``foretaste data get NAME``.
        about: One line for the list.
        home: The publisher's page.
        terms: Conditions of use, printed before anything is downloaded.
        bases: Addresses under which the files lie, the publisher's first.
        files: What is downloaded, by role; a role may be optional (see ``optional``).
        reader: Makes tables of the files.
        subset: Which cut of the data this is ("5core", "full", "ratings"), "" where there is only one.
        per_second: Units of the log's times in a second.
        resolution: How fine the times really are.
        account: Whether the publisher gives the files only to those who accept its terms there.
    """

    name: str
    about: str
    home: str
    terms: str
    bases: tuple[str, ...]
    files: Mapping[str, Remote]
    reader: Reader
    subset: str = ""
    per_second: int = 1
    resolution: str = "second"
    account: bool = False
    optional: frozenset[str] = field(default=frozenset())
