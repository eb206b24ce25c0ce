"""Items that came after the training enter a trained model by their text; nothing is trained again.

A new item's text goes through the encoder and the prompt of the catalogue's, its vector through whatever the recipe did
to theirs. Where the network has a free vector for each item, a new one borrows the mean of those of the known items of
nearest text, at their usual length, or has a zero vector.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from foretaste.core.errors import DataError, unknown
from foretaste.data.sequences import Sequences
from foretaste.data.vocabulary import Vocabulary
from foretaste.models.base import Scorer
from foretaste.nn.growth import NewItems, grow
from foretaste.recipes.known_texts import held_texts, known_vectors, reader_of, refuse_without_text, untitled
from foretaste.recipes.new_rows import as_rows
from foretaste.recipes.saved import SavedModel
from foretaste.recipes.text_reader import TextReader

ID_ROWS = ("near", "zero")


def with_items(
    saved: SavedModel,
    items: Sequence[Mapping[str, Any]] | pl.DataFrame,
    *,
    reader: TextReader | None = None,
    id_rows: str = "near",
    neighbours: int = 10,
) -> SavedModel:
    """The model with further items in its catalogue; the one given stays as it is.

    Args:
        saved: A model whose recipe reads texts.
        items: ``item_id`` and attributes of each, under the names of the catalogue's columns.
        reader: Of the model, from :func:`reader_of`; it is opened now where none is given.
        id_rows: What a new item has where known ones have a free vector: ``"near"``, the mean of those of the known
            items of nearest text at their usual length, or ``"zero"``.
        neighbours: How many these are.

    Raises:
        ForetasteError: If the recipe has no texts, an item is known already or has no text, a column is unknown, or
            the encoder is not the one that read the catalogue.
    """
    if id_rows not in ID_ROWS:
        raise unknown("value of id_rows", id_rows, ID_ROWS)
    if neighbours < 1:
        raise DataError(f"neighbours={neighbours} is too few", allowed="1 or more")
    refuse_without_text(saved)
    table = as_rows(items, saved)
    reader = reader or reader_of(saved)
    known = known_vectors(saved, reader)
    text = reader.read(untitled(table)).to(known)
    new = NewItems.of(text, known, neighbours=neighbours, borrow=id_rows == "near")
    model = grown(saved.model, new)
    catalogue = pl.concat([saved.catalogue, table])
    info = {**saved.info, "sizes": {**saved.info["sizes"], "num_items": model.num_items}}
    return replace(
        saved,
        model=model,
        items=Vocabulary(catalogue["item_id"].to_list()),
        titles=catalogue["title"].to_list(),
        popularity=np.concatenate([saved.popularity, np.zeros(len(new), dtype=np.int64)]),
        catalogue=catalogue,
        info=info,
        texts=None if held_texts(model) is not None else torch.cat([known, text]),
    )


def grown(model: Scorer, new: NewItems) -> Scorer:
    """A network with rows for the new items beside the given one, which stays as it is; they are tried at once.

    The two share their tensors: what grows is replaced in the copy, never written into.
    """
    copied = copy.deepcopy(model, _tensors(model))
    grow(copied, new)
    copied.prepare()
    total = model.num_items + len(new)
    try:
        with torch.inference_mode():
            scores = copied.score(Sequences.from_lists([[total - 1]]))
    except (RuntimeError, IndexError, ValueError) as error:
        raise TypeError(f"{type(model).__name__} has rows for items that did not grow: {error}") from error
    if scores.shape != (1, total):
        raise TypeError(f"{type(model).__name__} scores {scores.shape[1]} of {total} items after it grew")
    return copied


def _tensors(model: torch.nn.Module) -> dict[int, Any]:
    """Every tensor and array of a network by its address, which is how a deep copy is told not to copy it."""
    held: list[Any] = []
    for module in model.modules():
        for value in (*module._parameters.values(), *module._buffers.values(), *vars(module).values()):
            held += value if isinstance(value, tuple) else [value]
    return {id(one): one for one in held if isinstance(one, Tensor | np.ndarray)}
