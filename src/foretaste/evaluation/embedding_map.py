"""Maps of item vectors: every item a dot, like vectors near each other, coloured by popularity.

The picture that papers on the long tail show: where rare items have good vectors they lie among the popular ones, and
where they have poor ones they keep to themselves. Beside the picture stands a number that says the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.core.extras import require
from foretaste.evaluation.groups import Division, by_edges

SHOWN = 3_000
"""Items of a map at the most; of a larger catalogue so many are drawn at random, the same ones for every run."""

GROUPS = 5
"""Groups of popularity, each about a fifth of the items."""

NEIGHBOURS = 10
"""Neighbours that the number beside the picture looks at."""

PERPLEXITY = 30
"""t-SNE's own number of neighbours (van der Maaten & Hinton, JMLR 2008); fewer on small catalogues."""


@dataclass(frozen=True)
class EmbeddingMap:
    """Where the items of one model lie.

    Attributes:
        label: What the model is called.
        points: Places in the unit square, ``(n, 2)``.
        popularity: The group of each item, and the groups' names, from rare to popular.
        total: Items of the catalogue; the map shows ``len(points)`` of them.
        likeness: How much more often than by chance an item's nearest neighbours are of its own group: 1 where
            vectors say nothing of popularity.
    """

    label: str
    points: NDArray[np.float64]
    popularity: Division
    total: int
    likeness: float


def embedding_map(
    label: str,
    vectors: NDArray[np.float32],
    popularity: NDArray[np.int64],
    *,
    shown: int = SHOWN,
    seed: int = 0,
) -> EmbeddingMap:
    """Lays item vectors out in the plane by t-SNE; the same call gives the same map.

    Args:
        label: What the model is called.
        vectors: One row for each item, ``(num_items, d)``, all finite.
        popularity: Training interactions of each item, ``(num_items,)``.
        shown: Items of the map at the most.
        seed: Seed of the sample and of t-SNE.

    Raises:
        MissingExtra: If openTSNE is not installed.
        ValueError: If a vector is not finite.
    """
    if not np.isfinite(vectors).all():
        raise ValueError(f"the item vectors of {label} are not all finite")
    groups = popularity_groups(popularity)
    picked = sample(len(vectors), shown, seed)
    taken = np.ascontiguousarray(vectors[picked], dtype=np.float64)
    member = groups.member[picked]
    return EmbeddingMap(
        label,
        unit_square(tsne(taken, seed)),
        Division(groups.names, member),
        len(vectors),
        likeness(taken, member),
    )


def popularity_groups(popularity: NDArray[np.int64], groups: int = GROUPS) -> Division:
    """Groups of about equally many items, from rare to popular; equally popular items are never parted.

    >>> popularity_groups(np.array([0, 1, 1, 2, 3, 5, 8, 13, 21, 34])).names
    ('0', '1', '2-4', '5-12', '13+')
    """
    edges = np.unique(np.quantile(popularity, np.arange(1, groups) / groups, method="higher"))
    return by_edges(popularity, tuple(int(edge) for edge in edges if edge > popularity.min()))


def sample(count: int, shown: int, seed: int) -> NDArray[np.int64]:
    """Numbers of the items that are shown, rising; all of them where there are no more than ``shown``."""
    if count <= shown:
        return np.arange(count, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(count, shown, replace=False)).astype(np.int64)


def likeness(vectors: NDArray[np.float64], member: NDArray[np.int64], neighbours: int = NEIGHBOURS) -> float:
    """How much more often than by chance the nearest neighbours of an item are of its own group.

    Args:
        vectors: ``(n, d)``.
        member: Group of each, ``(n,)``.
        neighbours: How many neighbours are looked at, by Euclidean distance.
    """
    count = min(neighbours, len(vectors) - 1)
    if count < 1:
        return 1.0
    distance = np.square(vectors).sum(1) - 2 * vectors @ vectors.T  # up to a constant of the row
    np.fill_diagonal(distance, np.inf)
    near = np.argpartition(distance, count - 1, axis=1)[:, :count]
    found = float((member[near] == member[:, None]).mean())
    sizes = np.bincount(member)
    chance = float((sizes * (sizes - 1)).sum() / (len(member) * (len(member) - 1)))
    return found / chance if chance else 1.0


def tsne(vectors: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Places in the plane, ``(n, 2)``; one thread, because several add up in an order of their own."""
    library = require("openTSNE", extra="maps", why="drawing the map of item vectors")
    if len(vectors) < 4:
        return np.stack([np.arange(len(vectors)), np.zeros(len(vectors))], axis=1).astype(np.float64)
    method = library.TSNE(
        perplexity=min(PERPLEXITY, (len(vectors) - 1) / 3),
        initialization="pca" if vectors.shape[1] > 1 and vectors.std() > 0 else "random",
        neighbors="exact",
        negative_gradient_method="bh",
        n_jobs=1,
        random_state=seed,
    )
    return np.asarray(method.fit(vectors), dtype=np.float64)


def unit_square(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shifted and scaled into the unit square, both directions alike, the centre in the middle."""
    if not len(points):
        return points
    low, high = points.min(0), points.max(0)
    inside: NDArray[np.float64] = (points - (low + high) / 2) / max(float((high - low).max()), 1e-12) + 0.5
    return inside
