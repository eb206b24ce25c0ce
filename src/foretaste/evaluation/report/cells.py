"""What every table shows, and how numbers are written."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from foretaste.evaluation.compare import Comparison, Difference
from foretaste.evaluation.entries import Entry

Spread = tuple[float, float] | None


@dataclass(frozen=True)
class Column:
    """A column of the table of results.

    Attributes:
        title: Its head.
        read: Mean and spread of an entry; None where it has none.
        digits: Decimals shown.
        best: Whether the highest value is the best and is marked.
    """

    title: str
    read: Callable[[Entry], Spread]
    digits: int = 4
    best: bool = True


def _metric(title: str, *path: str, digits: int = 4, best: bool = True) -> Column:
    return Column(title, lambda entry: entry.spread(*path), digits, best)


COLUMNS = (
    _metric("HR@10", "metrics", "hr@10"),
    _metric("NDCG@10", "metrics", "ndcg@10"),
    _metric("HR@20", "metrics", "hr@20"),
    _metric("NDCG@20", "metrics", "ndcg@20"),
    Column("Recall@20", lambda entry: entry.spread("metrics", "recall@20") if entry.answers else None),
    _metric("head NDCG@10", "groups", "items", "head", "ndcg@10"),
    _metric("tail NDCG@10", "groups", "items", "tail", "ndcg@10"),
    _metric("coverage@10", "beyond", "coverage", digits=3),
    Column("train s", Entry.seconds, digits=0, best=False),
)
"""Columns of the table, those left out that no entry has."""


def present_columns(comparison: Comparison) -> list[Column]:
    """Columns of which at least one entry has a value."""
    return [column for column in COLUMNS if any(column.read(entry) for entry in comparison.entries)]


def number(spread: Spread, digits: int) -> str:
    """``.0432`` or ``.0432 ± .0003``; a dash where there is none."""
    if spread is None:
        return "–"
    mean, std = spread
    text = _decimal(mean, digits)
    return f"{text} ± {_decimal(std, digits)}" if std == std else text


def _decimal(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    return text[1:] if digits and text.startswith("0.") else text


def best_entry(comparison: Comparison, column: Column) -> str | None:
    """Label of the entry with the highest value, where that means something."""
    found = [(spread[0], entry.label) for entry in comparison.entries if (spread := column.read(entry))]
    return max(found)[1] if column.best and len(found) > 1 else None


def difference_text(difference: Difference | None) -> str:
    """``+12.3 %  p<.001``: relative, and corrected after Holm; empty for the first entry."""
    if difference is None:
        return ""
    return f"{percent(difference.relative(difference.paired.difference))}  {p_text(difference.p_holm)}"


def interval_text(difference: Difference) -> str:
    """``+8.1 … +16.4 %``: the 95 % interval of the relative difference."""
    low, high = (difference.relative(end) for end in (difference.paired.low, difference.paired.high))
    return f"{percent(low)[:-2]} … {percent(high)}"


def percent(share: float) -> str:
    """``+12.3 %``; a dash where it is undefined."""
    return "–  " if math.isnan(share) else f"{share:+.1%}".replace("%", " %")


def p_text(p: float) -> str:
    """``p=.012``, and never less than ``p<.001``."""
    return "p<.001" if p < 0.001 else f"p={p:.3f}".replace("=0.", "=.")


def seeds_text(entry: Entry) -> str:
    """How many runs an entry has."""
    return f"{len(entry.runs)} seeds" if len(entry.runs) > 1 else "1 seed"


PROTOCOL_WORDS = (
    ("data", "data"),
    ("split", "split"),
    ("part", "targets"),
    ("evaluated_users", "users evaluated"),
    ("excluded_users", "users excluded"),
    ("unreachable_targets", "targets unreachable"),
    ("candidates", "candidates"),
    ("num_candidates", "candidates each"),
    ("seen", "seen items"),
    ("ties", "a tie counts"),
    ("unscored", "unscored target"),
    ("popularity", "popularity from"),
)
"""Keys of the protocol in reading order, and what they are called."""


def protocol_facts(comparison: Comparison) -> list[tuple[str, str]]:
    """The protocol as pairs of name and value, in reading order; unknown keys come last."""
    protocol = comparison.protocol
    known = dict(PROTOCOL_WORDS)
    order = [key for key, _ in PROTOCOL_WORDS if key in protocol]
    order += [key for key in protocol if key not in known and key not in ("data_fingerprint", "seed")]
    return [(known.get(key, key.replace("_", " ")), _value(protocol[key])) for key in order]


def _value(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
