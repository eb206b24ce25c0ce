"""What a catalogue says of its items, column by column: how often, how varied, how much."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class TextColumn:
    """One attribute of the items.

    Attributes:
        column: Its name.
        type: ``text``, ``list`` or ``number`` (anything else).
        missing: Items that have none; an empty text or list counts as missing.
        missing_share: The same as a share of all items.
        distinct: Different values (of lists: different entries).
        mean_words: Mean number of words (of lists: of entries) where there is a value; None for numbers.
    """

    column: str
    type: str
    missing: int
    missing_share: float
    distinct: int
    mean_words: float | None


def text_columns(catalogue: pl.DataFrame) -> list[TextColumn]:
    """Every column of the catalogue but the id."""
    return [_column(catalogue[name]) for name in catalogue.columns if name != "item_id"]


def _column(values: pl.Series) -> TextColumn:
    total = max(len(values), 1)
    kind, present = _present(values)
    missing = len(values) - len(present)
    mean: float | None = None
    if kind == "list":
        mean = _mean(present.list.len())
        distinct = present.explode().drop_nulls().n_unique() if len(present) else 0
    else:
        if kind == "text":
            mean = _mean(present.str.count_matches(r"\S+"))
        distinct = present.n_unique() if len(present) else 0
    return TextColumn(values.name, kind, missing, missing / total, distinct, mean)


def _present(values: pl.Series) -> tuple[str, pl.Series]:
    """The kind of a column and its values that are there."""
    present = values.drop_nulls()
    if isinstance(present.dtype, pl.List | pl.Array):
        present = present.cast(pl.List(present.dtype.inner or pl.String()))
        return "list", present.filter(present.list.len() > 0)
    if present.dtype in (pl.String, pl.Categorical, pl.Enum):
        present = present.cast(pl.String)
        return "text", present.filter(present.str.contains(r"\S"))
    return "number", present


def _mean(counts: pl.Series) -> float:
    mean = counts.mean()
    return float(mean) if isinstance(mean, int | float) else 0.0
