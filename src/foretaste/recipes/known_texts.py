"""Text vectors of the items that a model knows, and what reads further ones as it read these."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.core.errors import ArtefactError, DataError
from foretaste.core.progress import say
from foretaste.nn.growth import growing
from foretaste.recipes.saved import SavedModel
from foretaste.recipes.text_reader import TextReader
from foretaste.recipes.texts import COMPANION
from foretaste.text.prompts import item_prompts
from foretaste.text.store import EmbeddingStore, text_digest

PROBES = 8
"""Known items that are read again, to see that encoder, prompt and maps are what they were."""

ALIKE = 0.98
"""Cosine that such an item must have with its old vector; 8-bit encoders differ a little from batch to batch."""


def reader_of(saved: SavedModel, encoder: str | None = None) -> TextReader:
    """What reads new items for a model, its encoder at hand, tried on a few known items.

    Args:
        saved: The model as it was loaded.
        encoder: Where the text encoder lies now, if it was moved.

    Raises:
        ArtefactError: If the recipe has no texts, or the known items get other vectors than the model has.
    """
    refuse_without_text(saved)
    reader = TextReader.load(saved.folder / COMPANION, saved.folder.parent).opened(encoder)
    _check_reader(saved, reader, known_vectors(saved, reader))
    return reader


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


def refuse_without_text(saved: SavedModel) -> None:
    """Refuses a model that knows items only by their ids.

    Raises:
        ArtefactError: If its recipe reads no texts.
    """
    if (saved.folder / COMPANION).is_dir() and any(growing(saved.model)):
        return
    raise ArtefactError(
        f"the recipe {saved.recipe!r} knows items only by their ids: without training it cannot take in new ones",
        where=str(saved.folder),
        allowed="a model that reads items' texts: llmemb, llmesr, pad, llm2x, unisrec, fdsa, rlmrec, textknn, "
        "alpharec, embknn, textvotes, kar, rlmrec-lightgcn",
        mend="train one of these, or train again on a catalogue that has the new items",
    )


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
