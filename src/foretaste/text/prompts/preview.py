"""What a specification makes of a data set, before an encoder spends hours on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from foretaste.core.config import to_dict
from foretaste.data.sequences import Sequences
from foretaste.text.prompts.columns import ColumnUse, judge_columns
from foretaste.text.prompts.excluded import excluding_pattern, reason
from foretaste.text.prompts.items import item_prompts, item_titles
from foretaste.text.prompts.spec import PromptSpec, UserPromptSpec
from foretaste.text.prompts.users import user_prompts


@dataclass(frozen=True)
class Example:
    """One prompt.

    Attributes:
        id: Raw id of its item or user.
        text: The prompt.
        clauses: What attribute dropout chooses from; None for a user.
    """

    id: str
    text: str
    clauses: list[str] | None = None


@dataclass(frozen=True)
class Preview:
    """Some prompts and figures of all of them.

    Attributes:
        kind: ``items`` or ``users``.
        spec: What was told of them.
        columns: Which columns an item's prompt tells, and why not the others.
        count: Prompts in all.
        distinct: Different ones among them; equal texts get equal vectors.
        fallback: Prompts of which nothing is known.
        mean_chars: Mean length in characters.
        max_chars: Length of the longest.
        mean_clauses: Clauses of an item on average; None for users.
        examples: Some of them, from all over the table.
    """

    kind: str
    spec: PromptSpec | UserPromptSpec
    columns: list[ColumnUse]
    count: int
    distinct: int
    fallback: int
    mean_chars: float
    max_chars: int
    mean_clauses: float | None
    examples: list[Example]

    def as_dict(self) -> dict[str, Any]:
        """The same in plain JSON types, with the specification's fingerprint."""
        plain = {key: value for key, value in asdict(self).items() if key != "spec"}
        return {**plain, "fingerprint": self.spec.fingerprint, "spec": to_dict(self.spec)}


def preview_items(catalogue: pl.DataFrame, spec: PromptSpec, examples: int = 5) -> Preview:
    """The prompts of a catalogue (``item_id`` and the spec's columns) in figures and examples."""
    prompts = item_prompts(catalogue, spec)
    texts = prompts.texts()
    chosen = _spread(len(texts), examples)
    shown = [Example(str(catalogue["item_id"][row]), texts[row], prompts.clauses[row]) for row in chosen]
    clauses = sum(map(len, prompts.clauses)) / max(len(texts), 1)
    return Preview("items", spec, column_uses(catalogue, spec), *_figures(texts, prompts.unknown), clauses, shown)


def preview_users(
    train: Sequences,
    users: Sequence[str],
    catalogue: pl.DataFrame,
    items: PromptSpec,
    spec: UserPromptSpec,
    examples: int = 5,
) -> Preview:
    """The prompts of the users in figures and examples.

    Args:
        train: The training part of every user.
        users: Raw user ids.
        catalogue: The items, in the order of their dense ids.
        items: What names an item: the first of its fields that the item has.
        spec: What is told of a user.
        examples: How many prompts to show.
    """
    titles = item_titles(catalogue, items, spec.title_chars)
    texts = user_prompts(train, titles, spec)
    named = np.array([bool(title) for title in titles])
    known = np.bincount(train.owners()[named[train.flat()]], minlength=len(train)) > 0
    shown = [Example(str(users[row]), texts[row]) for row in _spread(len(texts), examples)]
    figures = _figures(texts, int((~known).sum()))
    return Preview("users", spec, column_uses(catalogue, items), *figures, None, shown)


def column_uses(catalogue: pl.DataFrame, spec: PromptSpec) -> list[ColumnUse]:
    """What a specification does with each column: its fields in order, then the others with the reason."""
    judged = {use.column: use for use in judge_columns(catalogue)}
    told = [one.column for one in spec.fields]
    return [
        ColumnUse(column, True, judged[column].reason if judged[column].used else "named by the specification")
        for column in told
    ] + [_left_out(judged[column], spec) for column in catalogue.columns if column not in told]


def _left_out(judged: ColumnUse, spec: PromptSpec) -> ColumnUse:
    if not judged.used:
        return judged
    pattern = excluding_pattern(judged.column, spec.exclude)
    return ColumnUse(judged.column, False, reason(pattern) if pattern else "not named by the specification")


def _spread(count: int, number: int) -> list[int]:
    """At most ``number`` rows from all over ``count``, the first one among them."""
    return sorted({place * count // number for place in range(number)} if count else set())


def _figures(texts: list[str], fallback: int) -> tuple[int, int, int, float, int]:
    lengths = [len(text) for text in texts]
    mean = sum(lengths) / max(len(lengths), 1)
    return len(texts), len(set(texts)), fallback, mean, max(lengths, default=0)
