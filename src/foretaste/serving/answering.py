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
from foretaste.serving.finding import chosen, rank_all, search
from foretaste.serving.intention import check_intent
from foretaste.serving.queries import Query
from foretaste.serving.recommendations import Recommendation, Recommendations, Request
from foretaste.serving.requests import read_request
from foretaste.serving.shelf import Shelf, inputs_of

BLOCK_SCORES = 1 << 23
"""Scores held at once (32 MB); bounds the memory of a batch of many questions."""

SEARCHED_AT_ONCE = 1024
"""Questions that go into an index together."""


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
    searched = shelf.index is not None and shelf.inner_product
    step = SEARCHED_AT_ONCE if searched else max(1, BLOCK_SCORES // max(1, len(shelf.saved.items)))
    for start in range(0, len(asked), step):
        rows = slice(start, start + step)
        users = _users(shelf, asked[rows], queries[rows], said)
        find = search if searched else rank_all
        found = find(shelf, queries[rows], asked[rows], masks[rows], users)
        for row, (query, request, (order, scores)) in enumerate(zip(queries[rows], asked[rows], found, strict=True)):
            best = chosen(shelf, query, order, scores)
            vector = None if users is None else users[row]
            answers.append(_listed(shelf, query, request, order[best], scores[best], vector))
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


def _listed(
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
