"""What nobody's history is needed for: an item, the items like it, and the items whose titles fit a text."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from foretaste.core.errors import DataError
from foretaste.serving.filtering import Mask
from foretaste.serving.mixing import top
from foretaste.serving.queries import Filters
from foretaste.serving.recommendations import Recommendation, Recommendations, Request
from foretaste.serving.requests import UnknownId
from foretaste.serving.shelf import Shelf


def dense_id(shelf: Shelf, item_id: str) -> int:
    """The dense id of an item that is there; no nearest one is looked for, which would keep a service waiting.

    Raises:
        UnknownId: If it is unknown or was removed.
    """
    index = shelf.saved.items.index_of(item_id)
    if index is None or not shelf.live[index]:
        raise UnknownId(f"unknown item {item_id!r}", allowed=f"one of {int(shelf.live.sum()):,} known items")
    return index


def similar(shelf: Shelf, item_id: str, k: int, filters: Filters | None) -> Recommendations:
    """The items whose vectors point most nearly the same way (cosine), the item itself left out.

    Raises:
        UnknownId: If the item is unknown.
        DataError: If the model has no item vectors, or a filter does not fit.
    """
    index = dense_id(shelf, item_id)
    if shelf.made.unit is None:
        raise DataError(
            f"the recipe {shelf.saved.recipe!r} has no item vectors to compare",
            allowed="a model that retrieves by item vectors",
        )
    scores = torch.from_numpy(shelf.made.unit) @ torch.from_numpy(shelf.made.unit[index])
    return _best(shelf, scores.numpy(), shelf.filter.mask(filters or Filters()), k, Request([index]))


def search(shelf: Shelf, text: str, k: int, filters: Filters | None) -> Recommendations:
    """The items whose titles fit a text best, a word that is only begun included; popular ones first among equals.

    Raises:
        DataError: If a filter does not fit.
    """
    scores = shelf.made.words.scores(text)
    order = scores + 1e-3 * np.log1p(shelf.saved.popularity) * (scores > 0)
    mask = shelf.filter.mask(filters or Filters()) & (scores > 0)
    return _best(shelf, order.astype(np.float32), mask, k, Request([], intent=text))


def _best(shelf: Shelf, scores: NDArray[np.float32], mask: Mask, k: int, request: Request) -> Recommendations:
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise DataError(f"k={k!r} items cannot be listed", allowed="a whole number, 1 or more")
    saved = shelf.saved
    pool = np.flatnonzero(mask)
    pool = pool[~np.isin(pool, request.history)]
    best = top(scores, pool, k)
    found = [Recommendation(saved.items[i], float(scores[i]), saved.titles[i]) for i in best.tolist()]
    return Recommendations(found, wanted=k, request=request, unknown_candidates=[])
