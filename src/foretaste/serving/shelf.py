"""All that an engine answers from at one moment; replaced, never changed, so that no answer sees half of a change.

What is computed from a model once (its folded item vectors, the groups of its items) is kept here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.data.sequences import Sequences
from foretaste.evaluation.groups import head_items
from foretaste.models.base import Retriever, Scorer
from foretaste.recipes.saved import SavedModel
from foretaste.serving.filtering import CATEGORY_COLUMNS, CatalogueFilter, Mask
from foretaste.serving.index.base import VectorIndex
from foretaste.serving.reasons import Explainer
from foretaste.serving.recommendations import Request
from foretaste.serving.words import Words


class Made:
    """What is computed once from a model and its catalogue, and outlives the removal of items.

    Args:
        saved: The model.
        words: What finds titles, if it is at hand.
        vectors: Folded item vectors, if they are at hand.
    """

    def __init__(self, saved: SavedModel, *, words: Words | None = None, vectors: Tensor | None = None) -> None:
        self.saved, self._words, self._vectors = saved, words, vectors

    @cached_property
    def vectors(self) -> Tensor | None:
        """Folded item vectors, ``(V, d)``; None for a model that has none."""
        return folded(self.saved.model) if self._vectors is None else self._vectors

    @cached_property
    def unit(self) -> NDArray[np.float32] | None:
        """The same at length 1, on the CPU."""
        if self.vectors is None:
            return None
        with torch.inference_mode():
            found: NDArray[np.float32] = torch.nn.functional.normalize(self.vectors, dim=1).cpu().numpy()
        return found

    @cached_property
    def popular(self) -> Tensor:
        """Interactions in training as scores, ``(V,)``."""
        return torch.from_numpy(self.saved.popularity.astype(np.float32))

    @cached_property
    def categories(self) -> NDArray[np.int64] | None:
        """A number for each item's category, the last and narrowest where it has several; -1 for none."""
        table = self.saved.catalogue
        name = next((name for name in CATEGORY_COLUMNS if name in table.columns), None)
        if name is None:
            return None
        column = table[name]
        if isinstance(column.dtype, pl.List):
            column = column.list.last()
        codes = column.cast(pl.String).cast(pl.Categorical).to_physical()
        return codes.cast(pl.Int64).fill_null(-1).to_numpy()

    @cached_property
    def words(self) -> Words:
        """What finds items by their titles."""
        return Words.of(self.saved.titles) if self._words is None else self._words

    @cached_property
    def explainer(self) -> Explainer:
        """What gives reasons."""
        saved = self.saved
        head = head_items(saved.popularity)
        return Explainer(saved.model, self.vectors, self.unit, list(saved.items), saved.popularity, head)


@dataclass(frozen=True)
class Shelf:
    """A model, its catalogue, and what is left of it.

    Attributes:
        saved: The model.
        live: Which items are still there, ``(V,)``.
        made: What is computed from them once.
        index: What searches them; None when all items are scored for each question.
    """

    saved: SavedModel
    live: Mask
    made: Made
    index: VectorIndex | None = None

    @cached_property
    def filter(self) -> CatalogueFilter:
        """Filters of this catalogue."""
        return CatalogueFilter(self.saved.catalogue, self.saved.items, self.live)

    @cached_property
    def whole(self) -> bool:
        """Whether no item was removed."""
        return bool(self.live.all())

    @property
    def inner_product(self) -> bool:
        """Whether a score is the product of a user's and an item's vector and nothing else."""
        return isinstance(self.saved.model, Retriever) and self.saved.model.inner_product

    def user_vectors(self, block: Sequence[Request]) -> Tensor:
        """Vectors of those who ask, ``(n, d)``, from one forward."""
        model = self.saved.model
        assert isinstance(model, Retriever)
        histories, users = inputs_of(block)
        with torch.inference_mode():
            return model.user_vectors(histories, users)

    def scores(self, block: Sequence[Request], users: Tensor | None) -> Tensor:
        """Scores of all items, ``(n, V)`` on the CPU; where nothing is known to go by, popularity stands in.

        Args:
            block: Who asks.
            users: Their vectors, if a score is nothing but a product with them.
        """
        with torch.inference_mode():
            if users is not None and self.made.vectors is not None:
                scores = (users @ self.made.vectors.T).cpu()
            else:
                scores = self.saved.model.score(*inputs_of(block)).float().cpu().clone()
            for row, request in enumerate(block):
                if request.falls_back:
                    scores[row] = self.made.popular
        return scores


def folded(model: Scorer) -> Tensor | None:
    """Item vectors with everything item-sided folded in, ``(V, d)`` float32; None for a model that has none."""
    if not isinstance(model, Retriever):
        return None
    with torch.inference_mode():
        return model.item_vectors().float()


def inputs_of(block: Sequence[Request]) -> tuple[Sequences, NDArray[np.int64] | None]:
    """Histories and dense users as a model reads them; None when all are strangers."""
    histories = Sequences.from_lists([request.history for request in block])
    users = np.array([request.dense_user for request in block], dtype=np.int64)
    return histories, users if (users >= 0).any() else None
