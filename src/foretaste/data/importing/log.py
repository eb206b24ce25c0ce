"""A log of any shape as a clean table of interactions: every row checked, the refused ones set aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.importing.columns import LOG_NAMES, Names, resolve
from foretaste.data.importing.ids import clean_ids
from foretaste.data.importing.quarantine import Quarantine
from foretaste.data.importing.source import Chunk, Source
from foretaste.data.importing.texts import to_text
from foretaste.data.importing.times import SECOND, TimeRule
from foretaste.data.tidy_order import as_codes

MISSING_USER, MISSING_ITEM, MISSING_TIME = "missing user id", "missing item id", "missing time"
ODD_USER, ODD_ITEM = "unusable user id", "unusable item id"
NOT_NUMBER, NOT_FINITE = "rating is not a number", "rating is not finite"
RESERVED = {"user_id", "item_id", "position", "timestamp", "rating"}


@dataclass
class Log:
    """A clean log.

    Attributes:
        table: ``user_id``, ``item_id``, ``timestamp`` and ``rating`` (where there are such columns), and attributes.
        roles: Role → source column.
        renamed: Attribute columns whose names were taken.
        time: How the times were read, in words.
        real_times: Whether they are times.
        trimmed: Ids that lost blanks around them.
    """

    table: pl.DataFrame
    roles: dict[str, str]
    renamed: dict[str, str]
    time: str
    real_times: bool
    trimmed: int


@dataclass
class _Reader:
    roles: dict[str, str]
    names: Names
    rule: TimeRule
    quarantine: Quarantine
    trimmed: int = 0

    def clean(self, chunk: Chunk) -> pl.DataFrame:
        frame, roles = chunk.frame, self.roles
        user, item = (clean_ids(column_of(frame, roles[role]), chunk.odd.get(roles[role])) for role in ("user", "item"))
        columns = [user.text.alias("user_id"), item.text.alias("item_id")]
        refused = {
            ODD_USER: user.odd,
            ODD_ITEM: item.odd,
            MISSING_USER: user.text.is_null().to_numpy(),
            MISSING_ITEM: item.text.is_null().to_numpy(),
        }
        if "time" in roles:
            times = self.rule.parse(column_of(frame, roles["time"]))
            refused |= {MISSING_TIME: times.missing, **times.refused}
            columns.append(pl.Series("timestamp", times.micros))
        if "rating" in roles:
            rating, bad = ratings(column_of(frame, roles["rating"]), chunk.odd.get(roles["rating"]))
            refused |= bad
            columns.append(rating.alias("rating"))
        self.trimmed += user.trimmed + item.trimmed
        rest = [frame[name].alias(self.names(name)) for name in frame.columns if name not in roles.values()]
        table = pl.DataFrame([*columns, *rest])
        return keep_sound(table, chunk, refused, self.quarantine)


def read_log(source: Source, named: dict[str, str], rule: TimeRule, quarantine: Quarantine, allowed: float) -> Log:
    """Reads a source of interactions.

    Args:
        source: The file or query.
        named: Columns that the user named, by role (user, item, time, rating).
        rule: How times are read.
        quarantine: Takes the refused rows.
        allowed: Share of refused rows above which the import stops.

    Raises:
        DataError: If columns cannot be found, too many rows are refused, or none is left.
        ConfigError: If a named column is not there.
    """
    roles = resolve(source.columns, named, LOG_NAMES, ("user", "item"), where=source.label, doubled=doubled(source))
    reader = _Reader(roles, Names(RESERVED), rule, quarantine)
    table = as_codes(collect(source, reader.clean, quarantine, allowed), "user_id", "item_id")
    timed = "timestamp" in table.columns
    if timed:
        table = _by_time(table, rule)
    table = table.with_columns(
        source.typed(table[new].alias(old)).alias(new) for old, new in reader.names.given.items()
    )
    return Log(
        table=table,
        roles=roles,
        renamed=reader.names.renamed,
        time=rule.describe() if timed else "none: the order of the source",
        real_times=timed and not rule.ordinal,
        trimmed=reader.trimmed,
    )


def collect(
    source: Source, clean: Callable[[Chunk], pl.DataFrame], quarantine: Quarantine, allowed: float
) -> pl.DataFrame:
    """All chunks of a source, cleaned, in one table; too many refused rows stop it."""
    parts: list[pl.DataFrame] = []
    for chunk in source.chunks(quarantine):
        part = clean(chunk)
        quarantine.accepted += part.height
        quarantine.check_early(allowed)
        parts.append(part)
    quarantine.check(allowed)
    return pl.concat(parts, how="diagonal_relaxed")


def _by_time(table: pl.DataFrame, rule: TimeRule) -> pl.DataFrame:
    """Times as whole seconds; where the source knows fractions, the rows are put in their order first."""
    micros = table["timestamp"]
    if rule.ordinal:
        return table
    if bool((micros % SECOND != 0).any()):
        order = np.argsort(micros.to_numpy(), kind="stable")
        # the users' order of first appearance is the source's: only rows of the same user may change places
        users = table["user_id"].to_physical().to_numpy()
        slots = np.argsort(users, kind="stable")
        rows = np.empty(len(order), dtype=np.int64)
        rows[slots] = order[np.argsort(users[order], kind="stable")]
        table = table[rows]
    return table.with_columns(pl.col("timestamp") // SECOND)


def keep_sound(
    table: pl.DataFrame, chunk: Chunk, refused: dict[str, NDArray[np.bool_]], quarantine: Quarantine
) -> pl.DataFrame:
    """The rows that no reason speaks against; the others go to the quarantine with the first reason that does."""
    bad = np.zeros(table.height, dtype=bool)
    for reason, rows in refused.items():
        for row in np.flatnonzero(rows & ~bad):
            quarantine.add(int(chunk.lines[row]), reason, chunk.raw(int(row)))
        bad |= rows
    return table.filter(pl.Series(~bad)) if bad.any() else table


def ratings(column: pl.Series, odd: NDArray[np.bool_] | None = None) -> tuple[pl.Series, dict[str, NDArray[np.bool_]]]:
    """Ratings as floats, and which are refused; an empty one is missing, which is allowed."""
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        column = to_text(column).str.strip_chars()
        column = column.set(column == "", None)
    if column.dtype == pl.Boolean or not (column.dtype.is_numeric() or column.dtype in (pl.String, pl.Null)):
        return pl.Series(column.name, [None] * len(column), dtype=pl.Float64), {
            NOT_NUMBER: column.is_not_null().to_numpy()
        }
    values = column.cast(pl.Float64, strict=False)
    unread = values.is_null().to_numpy() & column.is_not_null().to_numpy()
    unread = unread if odd is None else unread | (odd & values.is_finite().fill_null(True).to_numpy())
    return values, {NOT_NUMBER: unread, NOT_FINITE: (~values.is_finite()).fill_null(False).to_numpy() & ~unread}


def doubled(source: Source) -> set[str]:
    """Column names that stand more than once in a header."""
    found: Any = source.facts.get("doubled_columns", ())
    return set(found)


def column_of(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column, or gaps where these rows have none of that name."""
    return frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, dtype=pl.String)
