"""What is known of an item, in the types of the tidy form: texts, a list of categories, a price, a picture."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from foretaste.data.importing.texts import to_text

PRICE = r"^[^\d\-+.,]{0,5}(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?[^\d.,]{0,5}$"
"""A number with or without thousands, with a currency's sign or code on one side."""


def as_text(column: pl.Series) -> pl.Series:
    """Text; the parts of a list are joined by blanks, empty text is missing."""
    column = _flat_texts(column)
    if isinstance(column.dtype, pl.List):
        column = column.list.join(" ")
    text = to_text(column).str.strip_chars()
    return text.set((text == "").fill_null(False), None)


def as_first(column: pl.Series) -> pl.Series:
    """Text; the first part of a list."""
    column = _flat_texts(column)
    return as_text(column.list.first() if isinstance(column.dtype, pl.List) else column)


def _flat_texts(column: pl.Series) -> pl.Series:
    """A column of lists, of whatever depth, as plain lists of text; other columns as they are."""
    if not isinstance(column.dtype, pl.List | pl.Array):
        return column
    rows = [None if row is None else list(_flat(row)) for row in column.to_list()]
    return pl.Series(column.name, rows, dtype=pl.List(pl.String))


def as_price(column: pl.Series) -> pl.Series:
    """A number out of ``12.99``, ``$1,299.00`` or ``12 EUR``; null where there is none, or more than one."""
    if column.dtype.is_numeric():
        price = column.cast(pl.Float64)
    else:
        text = to_text(column).str.strip_chars()
        whole = text.str.extract(PRICE, 1).str.replace_all(",", "")
        price = (whole + text.str.extract(PRICE, 2).fill_null("")).cast(pl.Float64, strict=False)
    return price.set((~price.is_finite()).fill_null(False), None)


def as_list(column: pl.Series) -> pl.Series:
    """A list of texts: lists as they are (nested ones flattened), JSON or Python notation read, else text cut at ``|``.

    A value without ``|`` is one entry: commas and semicolons occur inside names. Repeated entries are named once.
    """
    values = column.to_list()
    known: dict[str, list[str] | None] = {}
    out: list[list[str] | None] = []
    for value in values:
        key = value if isinstance(value, str) else repr(value)
        if key not in known:
            known[key] = _entries(value)
        out.append(known[key])
    return pl.Series(column.name, out, dtype=pl.List(pl.String))


def _entries(value: Any) -> list[str] | None:
    if isinstance(value, str):
        text = value.strip()
        value = _literal(text) if text.startswith("[") else text.split("|")
    found = list(dict.fromkeys(entry for entry in _flat(value) if entry))
    return found or None


def _literal(text: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return [text]


def _flat(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _flat(part)
    elif value is not None:
        yield str(value).strip()
