"""The prompts of users: what they chose in the training part, the newest of it (LLM-ESR, section 4.2 of our notes).

The released notebooks keep a history's last 8,000 characters and then, on one data set, the whole prompt's first 4,095,
which loses the newest items and the question. Here the oldest titles go first, whole ones, and nothing else goes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.sequences import Sequences
from foretaste.text.prompts.cleaning import clean, cut
from foretaste.text.prompts.spec import UserPromptSpec


def user_prompts(train: Sequences, titles: Sequence[str], spec: UserPromptSpec) -> list[str]:
    """One prompt for each row of the training part.

    Args:
        train: The training part of every user, oldest item first (``Split.train``): never validation or test items.
        titles: The name of each dense item id (:func:`~foretaste.text.prompts.items.item_titles`); items without a
            name, empty here, are passed over.
        spec: What is told.

    Returns:
        As many prompts as ``train`` has rows; a user without a named item gets the spec's fallback.
    """
    head = f"{spec.instruction}\n" if spec.instruction else ""
    tail = f"\n{spec.ending}" if spec.ending else ""
    room = spec.max_chars - len(head) - len(tail)
    names = _names(titles, min(spec.title_chars, room), spec.joiner)
    items, counts = _named(train, names)
    shown = _newest(items, counts, names, len(spec.joiner), room)
    if spec.max_items is not None:
        shown = np.minimum(shown, spec.max_items)
    told = names[items].tolist()
    ends = np.cumsum(counts)
    join = spec.joiner.join
    places = zip((ends - shown).tolist(), ends.tolist(), strict=True)
    return [f"{head}{join(told[start:end]) if end > start else spec.fallback}{tail}" for start, end in places]


def _names(titles: Sequence[str], max_chars: int, joiner: str) -> NDArray[np.object_]:
    texts = clean(pl.Series("title", list(titles), dtype=pl.String), joiner)
    return texts.to_frame().select(cut(pl.first(), max_chars).fill_null("")).to_series().to_numpy().astype(object)


def _named(train: Sequences, names: NDArray[np.object_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The items that have a name, row by row, and how many each row has."""
    items = train.flat()
    keep = (names != "")[items]
    counts = np.bincount(train.owners()[keep], minlength=len(train)).astype(np.int64)
    return items[keep], counts


def _newest(
    items: NDArray[np.int32], counts: NDArray[np.int64], names: NDArray[np.object_], gap: int, room: int
) -> NDArray[np.int64]:
    """How many of each row's newest names fit into ``room`` characters, ``gap`` of them between two names."""
    lengths = np.fromiter(map(len, names), dtype=np.int64, count=len(names))[items] + gap
    total = np.concatenate([[0], np.cumsum(lengths)])
    ends = np.cumsum(counts)
    owners = np.repeat(np.arange(len(counts)), counts)
    upwards = total[ends][owners] - total[:-1] - gap  # characters from this name to the row's newest one
    return np.bincount(owners[upwards <= room], minlength=len(counts)).astype(np.int64)
