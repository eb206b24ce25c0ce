"""Catalogues and tables of users of any shape: one row for each id, every attribute kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from foretaste.data.importing.attributes import as_first, as_list, as_price, as_text
from foretaste.data.importing.columns import ITEM_NAMES, USER_NAMES, Names, resolve
from foretaste.data.importing.ids import clean_ids
from foretaste.data.importing.log import collect, column_of, doubled, keep_sound
from foretaste.data.importing.quarantine import Quarantine
from foretaste.data.importing.source import Chunk, Source
from foretaste.data.tidy_tables import ITEM_COLUMNS

SHAPES: dict[str, Callable[[pl.Series], pl.Series]] = {
    "title": as_text,
    "brand": as_text,
    "categories": as_list,
    "price": as_price,
    "description": as_text,
    "image": as_first,
}
"""How each known attribute gets its type."""


@dataclass
class Entities:
    """Items or users.

    Attributes:
        table: The id, then the attributes.
        roles: Role → source column.
        renamed: Attribute columns whose names were taken.
        trimmed: Ids that lost blanks around them.
    """

    table: pl.DataFrame
    roles: dict[str, str]
    renamed: dict[str, str]
    trimmed: int


def duplicate(kind: str) -> str:
    """The reason for which a second row of the same id is refused."""
    return f"duplicate {kind} id"


def read_items(source: Source, named: Mapping[str, str], quarantine: Quarantine, allowed: float) -> Entities:
    """Reads a catalogue; see :func:`foretaste.data.importing.log.read_log` for the arguments and errors.

    Of several rows with the same id the first is kept.
    """
    found = _read("item", source, named, ITEM_NAMES, set(ITEM_COLUMNS), quarantine, allowed)
    table = found.table
    shaped = [
        _shaped(source, table[role], found.roles[role], shape) for role, shape in SHAPES.items() if role in found.roles
    ]
    found.table = table.with_columns(column for columns in shaped for column in columns)
    return found


def read_users(source: Source, named: Mapping[str, str], quarantine: Quarantine, allowed: float) -> Entities:
    """Reads a table of users; of several rows with the same id the first is kept."""
    return _read("user", source, named, USER_NAMES, {"user_id"}, quarantine, allowed)


def _shaped(source: Source, column: pl.Series, origin: str, shape: Callable[[pl.Series], pl.Series]) -> list[pl.Series]:
    """A known attribute in its type; what the type cannot hold stays beside it under another name."""
    role = column.name
    typed = source.typed(column.alias(origin)).alias(role)
    richer = isinstance(typed.dtype, pl.List | pl.Array) or (role == "price" and typed.dtype.is_numeric())
    usable = typed if richer or column.dtype != pl.String else column
    out = [shape(usable)]
    if role == "price" and out[0].null_count() > as_text(column).null_count():
        out.append(as_text(column).alias("price_text"))
    if role == "image" and isinstance(usable.dtype, pl.List | pl.Array):
        out.append(usable.alias("images"))
    return out


def _read(
    kind: str,
    source: Source,
    named: Mapping[str, str],
    common: Mapping[str, tuple[str, ...]],
    reserved: set[str],
    quarantine: Quarantine,
    allowed: float,
) -> Entities:
    key = f"{kind}_id"
    roles = resolve(source.columns, named, common, (key,), where=source.label, doubled=doubled(source))
    quarantine.harmless = frozenset({duplicate(kind)})
    origin = {column: role for role, column in roles.items()}
    names, seen, trimmed = Names({*reserved, "price_text", "images"}), set[str](), 0

    def clean(chunk: Chunk) -> pl.DataFrame:
        nonlocal trimmed
        ids = clean_ids(column_of(chunk.frame, roles[key]), chunk.odd.get(roles[key]))
        trimmed += ids.trimmed
        again = ~ids.text.is_first_distinct().to_numpy() | np.array([text in seen for text in ids.text], dtype=bool)
        rest = [chunk.frame[c].alias(origin.get(c) or names(c)) for c in chunk.frame.columns if c != roles[key]]
        refused = {
            f"unusable {kind} id": ids.odd,
            f"missing {kind} id": ids.text.is_null().to_numpy(),
            duplicate(kind): again,
        }
        sound = keep_sound(pl.DataFrame([ids.text.alias(key), *rest]), chunk, refused, quarantine)
        seen.update(sound[key])
        return sound

    table = collect(source, clean, quarantine, allowed)
    gaps = [pl.lit(None, pl.String).alias(role) for role in roles if role not in table.columns]
    table = table.with_columns(*gaps)
    table = table.with_columns(source.typed(table[new].alias(old)).alias(new) for old, new in names.given.items())
    return Entities(table, roles, names.renamed, trimmed)
