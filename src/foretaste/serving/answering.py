"""From questions to lists: one forward for all, then for each the best of what its filters allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.core.errors import DataError
from foretaste.recipes.saved import SavedModel
from foretaste.serving.filtering import Mask
from foretaste.serving.finding import Found, chosen, rank_all, search
from foretaste.serving.intention import check_intent, intent_scores
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
    step = max(1, BLOCK_SCORES // max(1, len(shelf.saved.items)))
    if _searched(shelf) and all(query.intent is None for query in queries):
        step = SEARCHED_AT_ONCE
    for start in range(0, len(asked), step):
        rows = slice(start, start + step)
        found = _found(shelf, queries[rows], asked[rows], masks[rows], said or {})
        for query, request, ((order, scores), user) in zip(queries[rows], asked[rows], found, strict=True):
            best = chosen(shelf, query, order, scores)
            answers.append(_listed(shelf, query, request, order[best], scores[best], user))
    return answers


def _searched(shelf: Shelf) -> bool:
    return shelf.index is not None and shelf.inner_product


def _found(
    shelf: Shelf,
    queries: Sequence[Query],
    block: Sequence[Request],
    masks: Sequence[Mask],
    said: Mapping[str, Tensor],
) -> list[tuple[Found, Tensor | None]]:
    """Candidates for each question, and the vector of who asks, where there is one; those with a wish have none."""
    groups: dict[float | None, list[int]] = {}
    for row, query in enumerate(queries):
        groups.setdefault(None if query.intent is None else query.alpha, []).append(row)
    out: dict[int, tuple[Found, Tensor | None]] = {}
    for alpha, rows in groups.items():
        asks, part = [queries[row] for row in rows], [block[row] for row in rows]
        allowed = [masks[row] for row in rows]
        users = _users(shelf, part, asks) if alpha is None else None
        if alpha is not None:
            found = rank_all(shelf, asks, part, allowed, _wish_scores(shelf, part, said, alpha))
        elif _searched(shelf):
            found = search(shelf, asks, part, allowed, users)
        else:
            found = rank_all(shelf, asks, part, allowed, shelf.scores(part, users if shelf.inner_product else None))
        out |= {row: (found[place], None if users is None else users[place]) for place, row in enumerate(rows)}
    return [out[row] for row in range(len(queries))]


def _users(shelf: Shelf, block: Sequence[Request], queries: Sequence[Query]) -> Tensor | None:
    """Vectors of those who ask, ``(n, d)``; None where a score is more than a product with them and nobody wants to
    know its parts."""
    if shelf.made.vectors is None or not (shelf.inner_product or any(query.reasons for query in queries)):
        return None
    return shelf.user_vectors(block)


def _wish_scores(shelf: Shelf, block: Sequence[Request], said: Mapping[str, Tensor], alpha: float) -> Tensor:
    texts = torch.stack([said[str(request.intent)] for request in block])
    return intent_scores(shelf.saved, inputs_of(block)[0], texts, alpha)


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
