"""Candidates for each question, out of all scores or out of an index, and the list that is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from foretaste.core.errors import DataError
from foretaste.serving.filtering import Mask
from foretaste.serving.mixing import POOL, capped, diverse, top
from foretaste.serving.queries import Query
from foretaste.serving.recommendations import Request
from foretaste.serving.shelf import Shelf

Found = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Dense ids, best first, and their scores."""


def rank_all(
    shelf: Shelf, queries: Sequence[Query], block: Sequence[Request], masks: Sequence[Mask], table: Tensor
) -> list[Found]:
    """Candidates out of the scores of the whole catalogue.

    Args:
        shelf: What is answered from.
        queries: ``n`` questions.
        block: The same in dense ids.
        masks: What each allows, seen items apart.
        table: The scores, ``(n, V)`` on the CPU.
    """
    scores = table.numpy()
    quick = _quick(shelf, queries, block, masks, table)
    return [
        _enough(shelf, query, values, _unseen(mask, query, request)) if found is None else found
        for query, request, mask, values, found in zip(queries, block, masks, scores, quick, strict=True)
    ]


def _quick(
    shelf: Shelf, queries: Sequence[Query], block: Sequence[Request], masks: Sequence[Mask], scores: Tensor
) -> list[Found | None]:
    """Candidates of questions that want the best of the whole catalogue, which most do, by one selection for all.

    None stands where this would not do: items are filtered, categories limited, equal scores at the edge would have to
    be told apart, or fewer finite scores are left than wanted.
    """
    simple = [query.per_category is None and mask is shelf.live for query, mask in zip(queries, masks, strict=True)]
    deepest = max((wanted(query) for query, fits in zip(queries, simple, strict=True) if fits), default=0)
    if not deepest or deepest >= scores.shape[1] or not shelf.whole:
        return [None] * len(queries)
    hidden = [one.history if query.filters.exclude_seen else [] for query, one in zip(queries, block, strict=True)]
    ranked = scores
    if any(hidden):
        ranked = scores.clone()
        rows = np.repeat(np.arange(len(hidden)), [len(one) for one in hidden])
        ranked.numpy()[rows, np.fromiter(chain.from_iterable(hidden), np.int64, len(rows))] = -np.inf
    best = ranked.topk(deepest + 1, dim=1)
    values, ids = best.values.numpy(), best.indices.numpy()
    order = np.lexsort((ids[:, :-1], -values[:, :-1]))
    sorted_ids, sorted_values = (np.take_along_axis(one, order, 1) for one in (ids, values))
    finite = np.isfinite(values)
    out: list[Found | None] = []
    for row, (query, fits) in enumerate(zip(queries, simple, strict=True)):
        count = wanted(query)
        told_apart = fits and finite[row, : count + 1].all() and values[row, count - 1] != values[row, count]
        out.append((sorted_ids[row, :count], sorted_values[row, :count]) if told_apart else None)
    return out


def search(
    shelf: Shelf, queries: Sequence[Query], block: Sequence[Request], masks: Sequence[Mask], users: Tensor | None
) -> list[Found]:
    """Candidates out of the index; questions with the same filters are searched for together.

    A history's items are asked for beyond what is wanted and then dropped, so that no list is short of them.

    Args:
        shelf: What is answered from; it has an index.
        queries: ``n`` questions.
        block: The same in dense ids.
        masks: What each allows, seen items apart.
        users: Their vectors.
    """
    assert users is not None, "an index needs vectors"
    vectors = np.ascontiguousarray(users.float().cpu().numpy())
    out: list[Found] = [(np.zeros(0, np.int64), np.zeros(0, np.float32))] * len(queries)
    together: dict[int, list[int]] = {}
    for row, (mask, request) in enumerate(zip(masks, block, strict=True)):
        if request.falls_back:
            out[row] = _enough(shelf, queries[row], shelf.made.popular.numpy(), _unseen(mask, queries[row], request))
        else:
            together.setdefault(id(mask), []).append(row)
    for rows in together.values():
        mask = masks[rows[0]]
        seen = [
            np.unique(block[row].history) if queries[row].filters.exclude_seen else np.zeros(0, int) for row in rows
        ]
        counts = [wanted(queries[row]) + len(hidden) for row, hidden in zip(rows, seen, strict=True)]
        everything = mask is shelf.live and shelf.whole
        most = len(mask) if everything else int(mask.sum())
        ids, scores = _searched(shelf, vectors[rows], min(max(counts), most), None if everything else mask)
        for place, row in enumerate(rows):
            kept = (ids[place] >= 0) & ~np.isin(ids[place], seen[place])
            out[row] = ids[place][kept][: wanted(queries[row])], scores[place][kept][: wanted(queries[row])]
            if _short(shelf, queries[row], out[row]):
                values = shelf.scores([block[row]], users[row : row + 1])[0].numpy()
                out[row] = _enough(shelf, queries[row], values, _unseen(mask, queries[row], block[row]))
    return out


def wanted(query: Query) -> int:
    """How many candidates a list is made of."""
    return query.k if not query.diversity and query.per_category is None else POOL * query.k


def chosen(shelf: Shelf, query: Query, order: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Places of the candidates that are shown: the best, or the best that are unlike each other.

    Raises:
        DataError: If the catalogue has no categories, or the model no vectors, and the question needs them.
    """
    groups = None
    if query.per_category is not None:
        if shelf.made.categories is None:
            raise DataError("per_category needs a catalogue with categories", allowed="a column categories or category")
        groups = shelf.made.categories[order]
    if query.diversity:
        if shelf.made.unit is None:
            raise DataError("diversity needs item vectors, and this model has none", allowed="diversity=0")
        unit = shelf.made.unit[order]
        return diverse(scores.astype(np.float64), unit, query.k, query.diversity, groups, query.per_category or 0)
    places = np.arange(len(order))
    return places[: query.k] if groups is None else capped(groups, query.per_category or 0)[: query.k]


def _enough(shelf: Shelf, query: Query, values: NDArray[np.float32], mask: Mask) -> Found:
    """The best of all scores; all of them in order where categories are limited and the best would not do."""
    pool = np.flatnonzero(mask)
    best = top(values, pool, wanted(query))
    if _short(shelf, query, (best, values[best])) and len(best) < len(pool):
        best = top(values, pool, len(pool))
    return best, values[best]


def _short(shelf: Shelf, query: Query, found: Found) -> bool:
    """Whether limits on categories leave too few of these candidates."""
    return query.per_category is not None and len(chosen(shelf, query, *found)) < query.k


def _unseen(mask: Mask, query: Query, request: Request) -> Mask:
    if not (query.filters.exclude_seen and request.history):
        return mask
    left = mask.copy()
    left[request.history] = False
    return left


def _searched(
    shelf: Shelf, vectors: NDArray[np.float32], count: int, mask: Mask | None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """What the index finds among the marked items, or all of them; equal scores by dense id as everywhere."""
    assert shelf.index is not None
    ids, scores = shelf.index.search(vectors, count, mask)
    order = np.lexsort((ids, -scores), axis=1)
    return np.take_along_axis(ids, order, 1), np.take_along_axis(scores, order, 1)
