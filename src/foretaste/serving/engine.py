"""What a service stands on: many questions at once, one forward for all, over a run's folder or a bundle.

>>> engine = Engine.open("runs/sasrec")                                                      # doctest: +SKIP
>>> engine.recommend([Query(history=("B00KCF8ZWY",), filters=Filters(price_max=20.0))])      # doctest: +SKIP

Answers equal those of ``foretaste.load(folder).recommend(…)``. Questions may come from many threads; a change of the
catalogue makes a new :class:`~foretaste.serving.shelf.Shelf` and puts it in the old one's place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import polars as pl

from foretaste.core.errors import ForetasteError
from foretaste.recipes.saved import SavedModel
from foretaste.recipes.text_reader import TextReader
from foretaste.serving import browsing
from foretaste.serving.abilities import abilities
from foretaste.serving.about import About, about_folder
from foretaste.serving.answering import answer_all, check_query
from foretaste.serving.browsing import dense_id
from foretaste.serving.bundle.open import bundled_index
from foretaste.serving.changes import with_new, without
from foretaste.serving.queries import Filters, Query
from foretaste.serving.recommendations import Recommendations
from foretaste.serving.recommender import load
from foretaste.serving.shelf import Made, Shelf


class Engine:
    """Answers questions from a model, and takes items in and out while it does.

    Args:
        shelf: What it answers from.
        about: What is known of the model beside its folder.
    """

    def __init__(self, shelf: Shelf, about: About) -> None:
        self._shelf, self._about = shelf, about
        self._lock = RLock()
        self._reader: TextReader | None = None

    def __repr__(self) -> str:
        return f"Engine({self._about.name}, {self.saved.recipe}, {len(self.saved.items):,} items)"

    @classmethod
    def open(cls, folder: str | Path, *, name: str | None = None) -> Engine:
        """The engine over a run, a model or a bundle.

        Args:
            folder: Its folder; a bundle is verified whole.
            name: What the service calls it; default: the folder's name.

        Raises:
            ArtefactError: If there is none, or it is unfinished, damaged or foreign.
        """
        path = Path(folder).expanduser()
        saved = load(path).saved
        index, measured = bundled_index(path, saved)
        shelf = Shelf(saved, np.ones(len(saved.items), dtype=np.bool_), Made(saved), index)
        return cls(shelf, about_folder(path, saved, name, index=measured))

    @property
    def saved(self) -> SavedModel:
        """The model as it is now."""
        return self._shelf.saved

    @property
    def name(self) -> str:
        """What the service calls it."""
        return self._about.name

    @property
    def shelf(self) -> Shelf:
        """All that it answers from at this moment."""
        return self._shelf

    @property
    def record(self) -> dict[str, Any]:
        """Figures by group and the course of the training; see ``track_record``."""
        return self._about.record

    def warm(self) -> None:
        """Computes everything that the first questions would wait for."""
        shelf = self._shelf
        _ = shelf.made.words, shelf.made.unit, shelf.made.categories, shelf.made.explainer
        self.recommend([Query()])

    def open_reader(self) -> bool:
        """Opens what reads texts, so that the first new item does not wait for it; says whether there is one.

        A reader that cannot be opened now (its language model is elsewhere) is no error before somebody needs it.
        """
        try:
            self._text_reader()
        except (ForetasteError, OSError):
            return False
        return True

    def recommend(self, queries: Sequence[Query]) -> list[Recommendations]:
        """An answer for each question; all go through the model together.

        Raises:
            ForetasteError: If a question does not fit the model or the catalogue; none is answered then.
        """
        shelf = self._shelf
        for query in queries:
            check_query(query, shelf.saved)
        said = None
        wishes = list(dict.fromkeys(query.intent for query in queries if query.intent is not None))
        if wishes:
            vectors = self._text_reader().said(wishes)
            said = {wish: vectors[row] for row, wish in enumerate(wishes)}
        return answer_all(shelf, queries, said)

    def similar(self, item_id: str, k: int = 10, filters: Filters | None = None) -> Recommendations:
        """The items whose vectors point most nearly the same way (cosine), the item itself left out.

        Raises:
            UnknownId: If the item is unknown.
            DataError: If the model has no item vectors, or a filter does not fit.
        """
        return browsing.similar(self._shelf, item_id, k, filters)

    def search(self, text: str, k: int = 10, filters: Filters | None = None) -> Recommendations:
        """The items whose titles fit a text best, a word that is only begun included; popular ones first among equals.

        Raises:
            DataError: If a filter does not fit.
        """
        return browsing.search(self._shelf, text, k, filters)

    def item(self, item_id: str) -> dict[str, Any]:
        """Everything the catalogue has of an item, its interactions in training as ``popularity``.

        Raises:
            UnknownId: If the item is unknown.
        """
        shelf = self._shelf
        row: dict[str, Any] = shelf.saved.catalogue.row(dense_id(shelf, item_id), named=True)
        return {name: value for name, value in row.items() if value is not None}

    def has_item(self, item_id: str) -> bool:
        """Whether an item is known and was not removed."""
        shelf = self._shelf
        index = shelf.saved.items.index_of(item_id)
        return index is not None and bool(shelf.live[index])

    def add_items(self, rows: Sequence[Mapping[str, Any]] | pl.DataFrame, *, encoder: str | None = None) -> None:
        """Takes in items by their text; they are recommended and found from the next question on.

        Args:
            rows: ``item_id`` and attributes of each, under the names of the catalogue's columns.
            encoder: Where the text encoder lies now, if it was moved.

        Raises:
            ForetasteError: If the recipe reads no texts, an item is there already, has no text or an unknown
                attribute. Nothing has changed then.
        """
        with self._lock:
            self._shelf = with_new(self._shelf, rows, self._text_reader(encoder))

    def remove_items(self, item_ids: Sequence[str]) -> None:
        """Takes items out: they are not recommended, found or listed any longer. In histories they still speak.

        Raises:
            UnknownId: If one is unknown or gone already. Nothing has changed then.
        """
        with self._lock:
            dense = [dense_id(self._shelf, item_id) for item_id in item_ids]
            self._shelf = without(self._shelf, np.array(dense, dtype=np.int64))

    def info(self) -> dict[str, Any]:
        """Name, recipe, version, counts, metrics, encoder, index and abilities, as plain values."""
        shelf = self._shelf
        counts = {
            "items": int(shelf.live.sum()),
            "removed": int((~shelf.live).sum()),
            "users": 0 if shelf.saved.users is None else len(shelf.saved.users),
        }
        index = {"kind": "exact"} if shelf.index is None else shelf.index.about()
        return {**self._about.as_dict(), **counts, "index": {**self._about.index, **index}, **abilities(shelf)}

    def _text_reader(self, encoder: str | None = None) -> TextReader:
        """What reads texts for this model; its encoder is opened once."""
        from foretaste.recipes.known_texts import reader_of, with_texts

        with self._lock:
            if self._reader is None or encoder is not None:
                self._reader = reader_of(self._shelf.saved, encoder)
                self._shelf = replace(self._shelf, saved=with_texts(self._shelf.saved, self._reader))
            return self._reader
