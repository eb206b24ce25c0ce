"""A plane to wander in: every item a dot, items that are alike near each other.

Places come from the folded item vectors at length 1, so that near dots are what ``similar`` names. The first layout is
a projection on the two main axes; :mod:`foretaste.serving.tsne` draws a better one where openTSNE is installed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.evaluation.embedding_map import SHOWN, popularity_groups, sample, unit_square
from foretaste.serving.filtering import CATEGORY_COLUMNS
from foretaste.serving.shelf import Shelf

LATER, NEAR = 200, 3
"""Newest items that are placed beside those of the layout; neighbours whose middle is such an item's place."""

NAMED = 8
"""Categories that have a name of their own; the others share one."""


@dataclass(frozen=True)
class Layout:
    """Places of the items that a model knew at one moment.

    Attributes:
        rows: Dense ids, ``(n,)``.
        places: In the unit square, ``(n, 2)``.
        total: Items of the model then; items with higher dense ids came later.
        method: ``pca`` or ``t-sne``.
    """

    rows: NDArray[np.int64]
    places: NDArray[np.float64]
    total: int
    method: str


def first_layout(unit: NDArray[np.float32], shown: int = SHOWN) -> Layout:
    """The projection on the two main axes; the same vectors give the same places.

    Args:
        unit: Vectors of length 1, ``(V, d)``.
        shown: Items of the map at the most; of more so many are drawn, always the same.
    """
    rows = sample(len(unit), shown, 0)
    return Layout(rows, unit_square(main_axes(unit[rows])), len(unit), "pca")


def main_axes(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Places along the two directions of greatest variance, ``(n, 2)``; signs are fixed by the greatest entries."""
    centred = vectors.astype(np.float64) - vectors.mean(0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    best = axes[:, ::-1][:, :2]
    best = best * np.where(best[np.abs(best).argmax(0), np.arange(best.shape[1])] < 0, -1.0, 1.0)
    places: NDArray[np.float64] = centred @ best
    return places if places.shape[1] == 2 else np.pad(places, ((0, 0), (0, 2 - places.shape[1])))


def drawn(shelf: Shelf, layout: Layout) -> dict[str, Any]:
    """The map as it is now, column by column: items that went are left out, items that came are among their like."""
    unit = shelf.made.unit
    assert unit is not None, "only models with item vectors have a layout"
    later = np.arange(layout.total, len(unit), dtype=np.int64)[-LATER:]
    rows = np.concatenate([layout.rows, later])
    places = np.concatenate([layout.places, _among(unit[later], unit[layout.rows], layout.places)])
    rows, places = rows[shelf.live[rows]], places[shelf.live[rows]]
    saved = shelf.saved
    groups = popularity_groups(saved.popularity)
    names, member = _categories(saved.catalogue[rows])
    return {
        "method": layout.method,
        "total": int(shelf.live.sum()),
        "groups": list(groups.names),
        "categories": names,
        "item_id": [saved.items[row] for row in rows.tolist()],
        "title": [saved.titles[row] for row in rows.tolist()],
        "x": np.round(places[:, 0], 4).tolist(),
        "y": np.round(places[:, 1], 4).tolist(),
        "popularity": saved.popularity[rows].tolist(),
        "head": shelf.made.explainer.head[rows].tolist(),
        "group": groups.member[rows].tolist(),
        "category": member,
    }


def _among(
    vectors: NDArray[np.float32], known: NDArray[np.float32], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The middle of the nearest known items' places for each vector, ``(m, 2)``."""
    if not len(vectors):
        return np.empty((0, 2))
    near = np.argsort(-(vectors @ known.T), axis=1, kind="stable")[:, :NEAR]
    middle: NDArray[np.float64] = places[near].mean(1)
    return middle


def _categories(table: pl.DataFrame) -> tuple[list[str], list[int]]:
    """Names of the largest categories, and the number of each item's; -1 for none or one of the rest.

    Where items stand on a path of categories, the broadest step on which they differ is taken.
    """
    name = next((name for name in CATEGORY_COLUMNS if name in table.columns), None)
    if name is None:
        return [], [-1] * len(table)
    paths = [path if isinstance(path, list) else [] if path is None else [str(path)] for path in table[name].to_list()]
    deepest = max((len(path) for path in paths), default=0)
    steps = [[path[step] if len(path) > step else None for path in paths] for step in range(deepest)]
    chosen = next((step for step in steps if len({one for one in step if one is not None}) > 1), [None] * len(paths))
    counts = Counter(one for one in chosen if one is not None)
    names = [one for one, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:NAMED]]
    number = {one: place for place, one in enumerate(names)}
    return names, [-1 if one is None else number.get(one, -1) for one in chosen]
