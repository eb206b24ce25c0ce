"""The prompts of a catalogue's items, clause by clause, so that attribute dropout can leave clauses out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import chain, pairwise

import polars as pl

from foretaste.core.errors import ConfigError, unknown
from foretaste.text.prompts.cleaning import tellable, value_texts
from foretaste.text.prompts.spec import MIN_ROOM, Field, PromptSpec

CHUNK_WORDS = 3
BETWEEN_CHUNKS = re.compile(r",\s+|\s+[-–—|/]+\s+|\s*[()\[\]]\s*|:\s+")


@dataclass(frozen=True)
class ItemPrompts:
    """The prompts of all items, in the order of their dense ids.

    Attributes:
        instruction: First line of every prompt, may be empty.
        clauses: For each item one clause or more; any of them in any order make a prompt (:meth:`render`).
        joiner: Stands between two clauses.
        bodies: The full prompts' second lines where they are not just the joined clauses (a value told in chunks).
        unknown: How many items have no attribute and got the fallback clause; they are all alike.
    """

    instruction: str
    clauses: list[list[str]]
    joiner: str
    bodies: list[str] | None = None
    unknown: int = 0

    def __len__(self) -> int:
        return len(self.clauses)

    def texts(self) -> list[str]:
        """The full prompt of every item."""
        head = self._head
        if self.bodies is not None:
            return [head + body for body in self.bodies]
        join = self.joiner.join
        return [head + join(clauses) for clauses in self.clauses]

    def render(self, clauses: Sequence[str]) -> str:
        """A prompt of the given clauses, in the given order."""
        return self._head + self.joiner.join(clauses)

    @property
    def _head(self) -> str:
        return f"{self.instruction}\n" if self.instruction else ""

    @cached_property
    def fingerprint(self) -> str:
        """A digest of all texts and clauses."""
        digest = sha256(repr((self.instruction, self.joiner, self.bodies)).encode())
        digest.update(repr(self.clauses).encode())
        return digest.hexdigest()


def item_prompts(catalogue: pl.DataFrame, spec: PromptSpec) -> ItemPrompts:
    """The prompts of a catalogue.

    Args:
        catalogue: One row for each item in the order of the dense ids, as in ``Dataset.catalogue``.
        spec: What is told.

    Raises:
        ConfigError: If the spec names a column that the catalogue lacks (with the nearest), or one of a type that
            cannot be told.
    """
    values = field_values(catalogue, spec)
    whole = _clauses(values, spec, chunked=False)
    unknown = values.select(pl.all_horizontal(pl.all().is_null()).sum()).item() if values.width else len(whole)
    if all(one.chunks == "none" for one in spec.fields):
        return ItemPrompts(spec.instruction, whole, spec.joiner, unknown=unknown)
    bodies = [spec.joiner.join(clauses) for clauses in whole]
    return ItemPrompts(spec.instruction, _clauses(values, spec, chunked=True), spec.joiner, bodies, unknown)


def item_titles(catalogue: pl.DataFrame, spec: PromptSpec, max_chars: int = 100) -> list[str]:
    """A short name for every item: the first of the spec's fields that it has, empty where it has none.

    For user prompts; unlike ``Dataset.titles`` it never gives an id.
    """
    values = field_values(catalogue, spec, max_chars=max_chars)
    if not values.width:
        return [""] * catalogue.height
    return values.select(pl.coalesce(pl.all()).fill_null("")).to_series().to_list()


def field_values(catalogue: pl.DataFrame, spec: PromptSpec, max_chars: int | None = None) -> pl.DataFrame:
    """Clean texts of the spec's fields, null where an item has none, ``(V, fields)``."""
    columns = [_values(catalogue, one, spec, max_chars or one.max_chars) for one in spec.fields]
    return pl.DataFrame(columns) if columns else pl.DataFrame(height=catalogue.height)


def _values(catalogue: pl.DataFrame, one: Field, spec: PromptSpec, max_chars: int) -> pl.Series:
    if one.column not in catalogue.columns:
        raise unknown("column", one.column, catalogue.columns, where="fields of the prompt")
    column = catalogue[one.column]
    if not tellable(column.dtype):
        raise ConfigError(
            f"the prompt names the column {one.column!r}, whose values cannot be told: {column.dtype}",
            where="fields of the prompt",
            allowed="columns of texts, numbers, dates, or lists of texts",
            mend="remove the field, or give the catalogue a column of texts",
        )
    texts = value_texts(
        column, list_joiner=spec.list_joiner, joiner=spec.joiner, missing=spec.missing, max_chars=max_chars
    )
    return texts.alias(one.column)


def _clauses(values: pl.DataFrame, spec: PromptSpec, *, chunked: bool) -> list[list[str]]:
    """Every item's clauses within the cap of the whole prompt."""
    if not spec.fields:
        return [[spec.fallback] for _ in range(values.height)]
    columns = [[_pieces(text, one, spec.link, chunked) for text in values[one.column]] for one in spec.fields]
    room = None if spec.max_chars is None else spec.max_chars - len(spec.instruction) - 1
    rows = (list(chain.from_iterable(parts)) for parts in zip(*columns, strict=True))
    return [_within(row, spec.joiner, room) if row else [spec.fallback] for row in rows]


def _pieces(text: str | None, one: Field, link: str, chunked: bool) -> tuple[str, ...]:
    if text is None:
        return ()
    lead = one.name + link if one.name else ""
    if not chunked or one.chunks == "none":
        return (lead + text,)
    return tuple(lead + part for part in chunks(text, one.chunks))


def chunks(text: str, kind: str) -> list[str]:
    """Parts of a value that can stand alone: what stands between commas, brackets and dashes, or fewer words still.

    >>> chunks("Saran Premium Plastic Wrap, 100 Sq Ft (Pack of 2)", "commas")
    ['Saran Premium Plastic Wrap', '100 Sq Ft', 'Pack of 2']
    >>> chunks("Saran Premium Plastic Wrap, 100 Sq Ft", "words")
    ['Saran Premium', 'Plastic Wrap', '100 Sq Ft']
    """
    parts = [part for part in BETWEEN_CHUNKS.split(text) if any(map(str.isalnum, part))] or [text]
    if kind == "commas":
        return parts
    least = 2 if len(parts) == 1 else 1
    return [run for part in parts for run in _runs(part.split(), least)]


def _runs(words: list[str], least: int) -> list[str]:
    """Runs of at most :data:`CHUNK_WORDS` words, as even as can be, ``least`` or more where there are words enough."""
    count = max(-(-len(words) // CHUNK_WORDS), min(least, len(words)))
    edges = [round(len(words) * place / count) for place in range(count + 1)]
    return [" ".join(words[start:end]) for start, end in pairwise(edges)]


def _within(clauses: list[str], joiner: str, room: int | None) -> list[str]:
    """The first clauses that fit, the last of them cut; the first one always stays, at least in part."""
    if room is None or sum(map(len, clauses)) + len(joiner) * (len(clauses) - 1) <= room:
        return clauses
    kept: list[str] = []
    for clause in clauses:
        if not kept or room >= MIN_ROOM:
            kept.append(clause if len(clause) <= room else clause[:room].rstrip())
        room -= len(clause) + len(joiner)
        if room <= 0:
            break
    return kept
