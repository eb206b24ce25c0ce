"""Making clean values of what publishers' records hold: texts with HTML, prices in words, ids, ratings, times."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable
from typing import Any

from foretaste.data.sources.rejects import BadRecord

EARLIEST, LATEST = 631_152_000, 4_102_444_800
"""Times outside 1990-2100 are no times of an interaction."""

_BLOCKS = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*|!--.*?--|![^<>]*)>", re.DOTALL)
_SIGNS = ("{", "P.when(", "getTime()")
_CODE = re.compile(
    r"\bvar \w+ ?= ?\S|\bfunction ?\(\w*\) ?\{|\.a-box-inner|getTime\(\)|P\.when\(|\{[^{}]*:[^{}]*;[^{}]*\}"
)
_AMOUNT = re.compile(r"(?:from\s+)?\$?\s*(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?=\s*(?:$|-))", re.IGNORECASE)


def text(value: Any) -> str | None:
    """A text without tags, entities and double spaces; None where nothing is left or it is page code.

    >>> text("Soft <b>wool</b> socks &amp; hat\\n")
    'Soft wool socks & hat'
    """
    if value is None or isinstance(value, (dict, bool)):
        return None
    if isinstance(value, (list, tuple)):
        return joined(value)
    raw = str(value)
    if "<" in raw:
        raw = _TAG.sub(" ", _BLOCKS.sub(" ", raw))
    if "&" in raw:
        raw = html.unescape(raw)
        if "<" in raw:  # tags that were escaped themselves
            raw = _TAG.sub(" ", raw)
    raw = " ".join(raw.split())
    if not raw or (any(sign in raw for sign in _SIGNS) and _CODE.search(raw)):
        return None
    return raw


def texts(values: Any) -> list[str] | None:
    """The clean texts of a list, in order, each once; None where nothing is left."""
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, (list, tuple)):
        return None
    found = dict.fromkeys(clean for value in values if (clean := text(value)))
    return list(found) or None


def joined(values: Iterable[Any]) -> str | None:
    """The clean texts of a list as one text."""
    parts = [clean for value in values if (clean := text(value))]
    return " ".join(parts) or None


def price(value: Any) -> float | None:
    """An amount: a number, ``"$1,299.00"``, or the lower end of ``"$5.00 - $10.00"``; None for anything else.

    >>> price("$12.99"), price("from 3.50"), price("—")
    (12.99, 3.5, None)
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value) if math.isfinite(value) and value >= 0 else None
    match = _AMOUNT.match(str(value).strip())
    return float(match[1].replace(",", "") + (match[2] or "")) if match else None


def identifier(value: Any, what: str) -> str:
    """An id.

    Raises:
        BadRecord: If there is none.
    """
    found = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not found:
        raise BadRecord(f"no {what}")
    return found


def rating(value: Any) -> float:
    """A finite number.

    Raises:
        BadRecord: If it is none.
    """
    try:
        found = float(value)
    except (TypeError, ValueError) as error:
        raise BadRecord("rating is not a number") from error
    if not math.isfinite(found):
        raise BadRecord("rating is not a finite number")
    return found


def moment(value: Any, *, per_second: int = 1) -> int:
    """A Unix time in the unit given, within :data:`EARLIEST` and :data:`LATEST`.

    Raises:
        BadRecord: If it is none.
    """
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRecord("time is not a number") from error
    if not EARLIEST <= found // per_second < LATEST:
        raise BadRecord("time outside 1990-2100")
    return found


def count(value: Any) -> int:
    """A number of votes, which may be written ``"1,204"``; 0 where there is none."""
    try:
        return int(str(value).replace(",", "")) if value is not None else 0
    except ValueError:
        return 0
