"""From questions to lists: one forward for all, then for each the best of what its filters allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.core.errors import DataError
from foretaste.models.intent import FollowsIntent
from foretaste.recipes.saved import SavedModel
from foretaste.serving.intention import check_intent
from foretaste.serving.mixing import POOL, capped, diverse, top
from foretaste.serving.queries import Query
from foretaste.serving.recommendations import Recommendation, Recommendations, Request
from foretaste.serving.requests import read_request
from foretaste.serving.shelf import Shelf, inputs_of

BLOCK_SCORES = 1 << 23
"""Scores held at once (32 MB); bounds the memory of a batch of many questions."""


def check_query(query: Query, saved: SavedModel) -> None:
    """Refuses a question that nobody could answer.

    Raises:
        DataError: If a number is out of its range, a history is no list of ids, or the model cannot follow an intent.
    """
    history: object = query.history
    if isinstance(history, str):
        raise DataError("a history is a list of item ids, but a text came", allowed="('B00A', 'B00B')")
    for name, value in (("k", query.k), ("per_category", query.per_category)):
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        if not whole and not (name == "per_category" and value is None):
            raise DataError(f"{name}={value!r} is no number of items", allowed="a whole number, 1 or more")
    if not 0 <= query.diversity <= 1:
        raise DataError(f"diversity={query.diversity!r} is no weight", allowed="a number from 0 to 1")
    if query.intent is not None:
        check_intent(saved, query.intent, query.alpha)


def answer_all(shelf: Shelf, queries: Sequence[Query], said: Mapping[str, Tensor] | None) -> list[Recommendations]:
    """An answer for each question.

    Args:
        shelf: What is answered from.
        queries: Checked questions.
        said: Language vectors ``(D,)`` of the intents among them.
    """
    asked = [read_request(shelf.saved, query.history, query.user, intent=query.intent) for query in queries]
    masks = [shelf.filter.mask(query.filters) for query in queries]
    answers: list[Recommendations] = []
    step = max(1, BLOCK_SCORES // max(1, len(shelf.saved.items)))
    for start in range(0, len(asked), step):
        rows = slice(start, start + step)
        users = _users(shelf, asked[rows], queries[rows], said)
        scores = shelf.scores(asked[rows], users if shelf.inner_product else None).numpy()
        answers += [
            _answer(shelf, query, request, values, mask, None if users is None else users[row])
            for row, (query, request, values, mask) in enumerate(
                zip(queries[rows], asked[rows], scores, masks[rows], strict=True)
            )
        ]
    return answers


def _users(
    shelf: Shelf, block: Sequence[Request], queries: Sequence[Query], said: Mapping[str, Tensor] | None
) -> Tensor | None:
    """Vectors of those who ask, ``(n, d)``; None where a score is more than a product with them and nobody wants to
    know its parts."""
    if shelf.made.vectors is None or not (shelf.inner_product or any(query.reasons for query in queries)):
        return None
    groups: dict[float | None, list[int]] = {}
    for row, query in enumerate(queries):
        groups.setdefault(None if query.intent is None else query.alpha, []).append(row)
    if list(groups) == [None]:
        return shelf.user_vectors(block)
    out: Tensor | None = None
    for alpha, rows in groups.items():
        part = [block[row] for row in rows]
        vectors = shelf.user_vectors(part) if alpha is None else _wishing(shelf, part, said or {}, alpha)
        out = vectors.new_zeros(len(block), vectors.shape[1]) if out is None else out
        out[rows] = vectors
    return out


def _wishing(shelf: Shelf, block: Sequence[Request], said: Mapping[str, Tensor], alpha: float) -> Tensor:
    model = shelf.saved.model
    assert isinstance(model, FollowsIntent), "check_query() has looked"
    texts = torch.stack([said[str(request.intent)] for request in block])
    with torch.inference_mode():
        return model.intent_vectors(inputs_of(block)[0], texts, alpha)


def _answer(
    shelf: Shelf,
    query: Query,
    request: Request,
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    user: Tensor | None,
) -> Recommendations:
    """One list out of the scores of all items."""
    if query.filters.exclude_seen and request.history:
        mask = mask.copy()
        mask[request.history] = False
    best = _chosen(shelf, query, values, np.flatnonzero(mask))
    return listed(shelf, query, request, best, values[best], user)


def _chosen(shelf: Shelf, query: Query, values: NDArray[np.float32], pool: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is shown of the items of a pool: the best, or the best that are unlike each other."""
    groups = shelf.made.categories if query.per_category is not None else None
    if query.per_category is not None and groups is None:
        raise DataError("per_category needs a catalogue with categories", allowed="a column categories or category")
    if not query.diversity:
        if groups is None or query.per_category is None:
            return top(values, pool, query.k)
        return capped(top(values, pool, len(pool)), groups, query.per_category)[: query.k]
    unit = shelf.made.unit
    if unit is None:
        raise DataError("diversity needs item vectors, and this model has none", allowed="diversity=0")
    order = top(values, pool, len(pool) if groups is not None else POOL * query.k)
    if groups is not None and query.per_category is not None:
        order = capped(order, groups, POOL * query.per_category)[: POOL * query.k]
    limit = query.per_category or 0
    own = None if groups is None else groups[order]
    return diverse(order, values[order].astype(np.float64), unit[order], query.k, query.diversity, own, limit)


def listed(
    shelf: Shelf,
    query: Query,
    request: Request,
    best: NDArray[np.int64],
    scores: NDArray[np.float32],
    user: Tensor | None,
) -> Recommendations:
    """Dense ids and scores as an answer."""
    saved = shelf.saved
    why = shelf.made.explainer.explain(best, scores, request, user) if query.reasons else [None] * len(best)
    found = [
        Recommendation(saved.items[item], float(score), saved.titles[item], reason)
        for item, score, reason in zip(best.tolist(), scores, why, strict=True)
    ]
    strange = shelf.filter.strangers(query.filters)
    return Recommendations(found, wanted=query.k, request=request, unknown_candidates=strange)
