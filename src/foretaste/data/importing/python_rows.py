"""Python values (from JSON lines or a database cursor) as columns of text, with the kinds of value that were met."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

PLAIN = {"int", "str", "float"}
"""Kinds that can be an id, a time or a rating; anything else there is odd."""


class Kinds:
    """Turns Python values into text, remembers which kinds a column held, and restores its type at the end."""

    def __init__(self) -> None:
        self._met: dict[str, set[str]] = defaultdict(set)

    def column(self, name: str, values: Sequence[Any]) -> tuple[pl.Series, NDArray[np.bool_] | None]:
        """The values as text, and which of them are neither text nor number (None when all are)."""
        met = self._met[name]
        kinds = {type(value) for value in values} - {type(None)}
        if kinds == {str}:
            met.add("str")
            return pl.Series(name, values, dtype=pl.String), None
        pairs = [value_text(value) for value in values]
        here = {kind for _, kind in pairs if kind is not None}
        met |= here
        odd = None
        if here - PLAIN:
            odd = np.fromiter(
                (kind is not None and kind not in PLAIN for _, kind in pairs), dtype=bool, count=len(pairs)
            )
        return pl.Series(name, [text for text, _ in pairs], dtype=pl.String), odd

    def typed(self, column: pl.Series, source: str) -> pl.Series:
        """The whole column in the type of its values: numbers, truth values, lists of text; a mixture stays text."""
        met = self._met[source] - {"nan"}
        if met == {"int"}:
            whole = column.cast(pl.Int64, strict=False)
            return whole if whole.null_count() == column.null_count() else column
        if met and met <= {"int", "float"}:
            return column.cast(pl.Float64)
        if met == {"bool"}:
            return column == "true"
        if met == {"list"}:
            return column.str.json_decode(pl.List(pl.String))
        return column


def value_text(value: Any) -> tuple[str | None, str | None]:
    """A value as text and its kind; whole floats are written as whole numbers, as pandas' gaps make floats of ids."""
    match value:
        case None:
            return None, None
        case str():
            return value, "str"
        case bool():
            return ("true" if value else "false"), "bool"
        case int():
            return str(value), "int"
        case float():
            return _number(value)
        case Decimal():
            return str(value), "str"
        case datetime() | date() | time():
            return value.isoformat(), "str"
        case bytes():
            return value.decode("utf-8", errors="backslashreplace"), "bytes"
        case list() | tuple() if all(isinstance(part, str) for part in value):
            return json.dumps(list(value), ensure_ascii=False), "list"
        case list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=str), "nested"
        case dict():
            return json.dumps(value, ensure_ascii=False, default=str), "object"
        case _:
            return str(value), "str"


def _number(value: float) -> tuple[str, str]:
    if not math.isfinite(value):
        return str(value), "nan"
    return (str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)), "float"


def encodable(texts: Iterable[str]) -> bool:
    """Whether the texts are Unicode: JSON's escapes can spell half a surrogate pair, which is none."""
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError:
        return False
    return True
