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
from torch.nn import functional as F

from foretaste.core.errors import ArtefactError, DataError, unknown
from foretaste.core.progress import say
from foretaste.data.sequences import Sequences
from foretaste.data.vocabulary import Vocabulary
from foretaste.models.base import Scorer
from foretaste.nn.growth import NewItems, grow, growing
from foretaste.recipes.saved import SavedModel
from foretaste.recipes.text_reader import TextReader
from foretaste.recipes.texts import COMPANION
from foretaste.text.prompts import item_prompts
from foretaste.text.store import EmbeddingStore, text_digest

ID_ROWS = ("near", "zero")
PROBES = 8
"""Known items that are read again, to see that encoder, prompt and maps are what they were."""

ALIKE = 0.98
"""Cosine that such an item must have with its old vector; 8-bit encoders differ a little from batch to batch."""


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
    _refuse_without_text(saved)
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


def reader_of(saved: SavedModel, encoder: str | None = None) -> TextReader:
    """What reads new items for a model, its encoder at hand, tried on a few known items.

    Args:
        saved: The model as it was loaded.
        encoder: Where the text encoder lies now, if it was moved.

    Raises:
        ArtefactError: If the recipe has no texts, or the known items get other vectors than the model has.
    """
    _refuse_without_text(saved)
    reader = TextReader.load(saved.folder / COMPANION, saved.folder.parent).opened(encoder)
    _check_reader(saved, reader, known_vectors(saved, reader))
    return reader


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


def as_rows(items: Sequence[Mapping[str, Any]] | pl.DataFrame, saved: SavedModel) -> pl.DataFrame:
    """The new items with the columns of the saved catalogue, in its types.

    Raises:
        DataError: For an id that is missing, known or repeated, an unknown column, or a value of another type.
    """
    rows = items.to_dicts() if isinstance(items, pl.DataFrame) else [dict(row) for row in items]
    columns = [name for name in saved.catalogue.columns if name != "popularity"]
    for place, row in enumerate(rows):
        for name in row:
            if name not in columns:
                raise unknown("attribute", name, columns, where=f"new item {place}")
    _check_ids(rows, saved)
    schema = {name: saved.catalogue.schema[name] for name in columns}
    table = pl.DataFrame([_typed(rows, name, kind) for name, kind in schema.items()])
    table = table.with_columns(pl.coalesce("title", "item_id").alias("title"))
    return table.with_columns(pl.lit(0, dtype=pl.Int64).alias("popularity")).select(saved.catalogue.columns)


def known_vectors(saved: SavedModel, reader: TextReader) -> Tensor:
    """Text vectors of the known items as the network reads them, ``(V, D)``.

    They stand in the network, or else in the store that they came from; where that is gone they are encoded again.
    """
    held = held_texts(saved.model)
    if held is not None or saved.texts is not None:
        return saved.texts if held is None else held  # type: ignore[return-value]
    if reader.spec is not None and reader.store is not None and reader.store.is_dir():
        kept, ids = EmbeddingStore(reader.store), list(saved.items)
        texts = item_prompts(untitled(saved.catalogue), reader.spec).texts()
        if not kept.missing(ids, [text_digest(text) for text in texts]):
            return reader.after(torch.from_numpy(kept.vectors(ids, texts)))
    say(f"texts     encoding the {len(saved.items):,} known items again: their store is not to be found")
    return reader.read(untitled(saved.catalogue))


def held_texts(model: torch.nn.Module) -> Tensor | None:
    """Text vectors of the known items out of the network, or None."""
    for module in growing(model):
        vectors = getattr(module, "vectors", None)
        if isinstance(vectors, Tensor):
            return vectors.detach()
    return None


def with_texts(saved: SavedModel, reader: TextReader) -> SavedModel:
    """The model with the text vectors of the known items at hand, where its network does not hold them."""
    if held_texts(saved.model) is not None or saved.texts is not None:
        return saved
    return replace(saved, texts=known_vectors(saved, reader))


def untitled(catalogue: pl.DataFrame) -> pl.DataFrame:
    """A saved catalogue as its source had it: an id that stands in for a title is nothing to tell."""
    title, item_id = pl.col("title"), pl.col("item_id")
    return catalogue.with_columns(pl.when(title != item_id).then(title).alias("title"))


def _refuse_without_text(saved: SavedModel) -> None:
    if (saved.folder / COMPANION).is_dir() and any(growing(saved.model)):
        return
    raise ArtefactError(
        f"the recipe {saved.recipe!r} knows items only by their ids: without training it cannot take in new ones",
        where=str(saved.folder),
        allowed="a model that reads items' texts: llmemb, llmesr, pad, llm2x, unisrec, fdsa, rlmrec, textknn, "
        "alpharec, embknn, kar, rlmrec-lightgcn",
        mend="train one of these, or train again on a catalogue that has the new items",
    )


def _check_ids(rows: Sequence[Mapping[str, Any]], saved: SavedModel) -> None:
    seen: set[str] = set()
    for place, row in enumerate(rows):
        raw = row.get("item_id")
        if raw is None or str(raw) == "":
            raise DataError("a new item has no id", where=f"new item {place}", mend="give item_id")
        if str(raw) in saved.items:
            raise DataError(
                f"the item {str(raw)!r} is known already",
                where=f"new item {place}",
                allowed="ids that are not in the model's catalogue",
                mend="leave it out; a known item's text changes only by training again",
            )
        if str(raw) in seen:
            raise DataError(f"the new item {str(raw)!r} stands twice", where=f"new item {place}", mend="give it once")
        seen.add(str(raw))


def _typed(rows: Sequence[Mapping[str, Any]], name: str, kind: pl.DataType) -> pl.Series:
    values = [str(row["item_id"]) if name == "item_id" else row.get(name) for row in rows]
    try:
        if kind.is_numeric() and all(value is None or isinstance(value, str) for value in values):
            return pl.Series(name, values, dtype=pl.String).cast(kind)  # as a CSV file gives them
        return pl.Series(name, values, dtype=kind, strict=True)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise DataError(
            f"a value of {name!r} does not fit: {str(error).splitlines()[0]}",
            where="new items",
            allowed=f"values of the type {kind}, or none",
            mend="give it as the catalogue has it",
        ) from error


def _check_reader(saved: SavedModel, reader: TextReader, known: Tensor) -> None:
    """Reads a few known items again: their vectors must be what the network has."""
    places = np.unique(np.linspace(0, len(known) - 1, PROBES).astype(int))
    rows = known[torch.from_numpy(places)].float().cpu()
    try:
        again = reader.read(untitled(saved.catalogue[places]))
    except DataError:
        return  # a known item without any text; the next one may do, but nothing is wrong with the reader
    if again.shape != rows.shape or float(F.cosine_similarity(again, rows).min()) < ALIKE:
        raise ArtefactError(
            "known items, read again, get other vectors than the model has",
            where=f"{saved.folder / COMPANION}, items like {saved.items[int(places[0])]!r}",
            allowed="the encoder, prompt and maps that the model was trained with",
            mend="train again: this recipe or encoder cannot take in new items",
        )
