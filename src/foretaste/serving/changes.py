"""Items come and go: a new shelf for each change, while the old one goes on answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.vocabulary import Vocabulary
from foretaste.recipes.cold_start import with_items
from foretaste.recipes.saved import SavedModel
from foretaste.recipes.text_reader import TextReader
from foretaste.serving.shelf import Made, Shelf, folded


def with_new(shelf: Shelf, rows: Sequence[Mapping[str, Any]] | pl.DataFrame, reader: TextReader) -> Shelf:
    """A shelf with further items; one that was removed may come back under its id.

    Args:
        shelf: What there was.
        rows: ``item_id`` and attributes of each.
        reader: What reads their texts.
    """
    table = rows.to_dicts() if isinstance(rows, pl.DataFrame) else [dict(row) for row in rows]
    before = _freed(shelf, [str(row.get("item_id")) for row in table])
    saved = with_items(before, table, reader=reader)
    count = len(saved.items) - len(before.items)
    live = np.concatenate([shelf.live, np.ones(count, dtype=np.bool_)])
    words = shelf.made.words.extended(saved.titles[len(before.items) :])
    vectors = folded(saved.model)
    index = shelf.index
    if index is not None and vectors is not None and count:
        index = index.added(vectors[len(before.items) :].cpu().numpy())
    return Shelf(saved, live, Made(saved, words=words, vectors=vectors), index)


def without(shelf: Shelf, items: NDArray[np.int64]) -> Shelf:
    """A shelf on which these items, dense ids, are gone; their rows stay, so that histories may hold them."""
    live = shelf.live.copy()
    live[items] = False
    return replace(shelf, live=live, index=None if shelf.index is None else shelf.index.removed(items))


def _freed(shelf: Shelf, wanted: Sequence[str]) -> SavedModel:
    """The model with the ids of removed items, where they are wanted again, renamed to something nobody types."""
    saved = shelf.saved
    places = [index for raw in wanted if (index := saved.items.index_of(raw)) is not None and not shelf.live[index]]
    if not places:
        return saved
    ids = list(saved.items)
    for place in places:
        ids[place] = f"\0removed {place} {ids[place]}"
    catalogue = saved.catalogue.with_columns(pl.Series("item_id", ids, dtype=pl.String))
    return replace(saved, items=Vocabulary(ids), catalogue=catalogue)
