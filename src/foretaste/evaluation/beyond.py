"""What accuracy does not show: how much of the catalogue is recommended, how evenly, how new and how varied.

All of it is computed from lists ``(n, k)`` of dense item ids, where a negative id marks an empty place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.evaluation.groups import by_edges

Lists = NDArray[np.int64]
Vectors = NDArray[np.float32]


def beyond_accuracy(
    lists: Lists,
    popularity: NDArray[np.int64],
    targets: NDArray[np.int32],
    catalogue: pl.DataFrame,
    vectors: Vectors | None = None,
) -> dict[str, Any]:
    """Everything of this file in one report.

    Args:
        lists: Recommended items.
        popularity: Training interactions of every item.
        targets: What was truly taken, to set the popularity of the lists beside.
        catalogue: One row for each item; its column ``categories``, if there is one, gives the diversity of labels.
        vectors: Item vectors for the diversity of content.
    """
    shown = exposure(lists, len(popularity))
    report: dict[str, Any] = {
        "k": lists.shape[1],
        "coverage": coverage(shown),
        "gini": gini(shown),
        "novelty": novelty(lists, popularity),
        "mean_popularity": mean_popularity(lists, popularity),
        "short_lists": int((lists < 0).any(1).sum()),
        "exposure": exposure_by_popularity(shown, popularity, targets),
    }
    if "categories" in catalogue.columns and catalogue["categories"].null_count() < len(catalogue):
        report["category_diversity"] = category_diversity(lists, catalogue["categories"])
    if vectors is not None:
        report["vector_diversity"] = vector_diversity(lists, vectors)
    return report


def exposure_by_popularity(
    shown: NDArray[np.int64], popularity: NDArray[np.int64], targets: NDArray[np.int32]
) -> dict[str, list[Any]]:
    """Shares of recommendations, targets and items in bins of training popularity that double: 0, 1, 2-3, 4-7, …"""
    edges = tuple(1 << power for power in range(int(popularity.max(initial=1)).bit_length()))
    bins = by_edges(popularity, edges)
    taken = np.bincount(targets, minlength=len(popularity))
    report: dict[str, list[Any]] = {"bins": list(bins.names)}
    for name, weights in (("recommended", shown), ("targets", taken), ("items", np.ones(len(popularity)))):
        mass = np.bincount(bins.member, weights=weights, minlength=len(bins.names))
        report[name] = (mass / max(mass.sum(), 1)).tolist()
    return report


def exposure(lists: Lists, num_items: int) -> NDArray[np.int64]:
    """How often each item is recommended, ``(num_items,)``."""
    return np.bincount(lists[lists >= 0], minlength=num_items).astype(np.int64)


def coverage(shown: NDArray[np.int64]) -> float:
    """Share of the catalogue that is recommended to anybody, from :func:`exposure`."""
    return float((shown > 0).mean())


def gini(shown: NDArray[np.int64]) -> float:
    """Inequality of exposure: 0 when all items are shown equally often, near 1 when one item takes all.

    G = Σ_i (2i − n − 1) x_i / (n Σ x), with x rising and i from 1.

    >>> gini(np.array([3, 3, 3]))
    0.0
    """
    total = shown.sum()
    if not total:
        return float("nan")
    size = len(shown)
    weights = 2.0 * np.arange(1, size + 1) - size - 1
    return float(weights @ np.sort(shown) / (size * total))


def novelty(lists: Lists, popularity: NDArray[np.int64], interactions: int | None = None) -> float:
    """Mean self-information of what is recommended, in bits: −log2 of an item's share of the training interactions.

    Shares are smoothed by one interaction for each item, so that a cold item counts as the newest instead of as
    infinitely new.

    Args:
        lists: Recommended items.
        popularity: Training interactions of every item.
        interactions: Their sum; counted when not given.
    """
    total = (int(popularity.sum()) if interactions is None else interactions) + len(popularity)
    information = -np.log2((popularity + 1) / total)
    return _mean(information[lists[lists >= 0]])


def mean_popularity(lists: Lists, popularity: NDArray[np.int64]) -> float:
    """Mean number of training interactions of the recommended items."""
    return _mean(popularity[lists[lists >= 0]].astype(np.float64))


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def vector_diversity(lists: Lists, vectors: Vectors) -> float:
    """Intra-list diversity: mean of 1 − cosine over the pairs of a list, then over lists of two or more items.

    The sum over pairs is read from the length of the sum of unit vectors, so no pair is ever formed.

    Args:
        lists: Recommended items.
        vectors: A vector for each item, ``(num_items, d)``; a zero vector is unlike everything.
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    present = lists >= 0
    sizes = present.sum(1)
    total = np.zeros((len(lists), vectors.shape[1]), dtype=np.float64)
    own = np.zeros(len(lists))
    for place in range(lists.shape[1]):
        part = units[lists[:, place]] * present[:, place, None]
        total += part
        own += (part * part).sum(1)
    pairs = sizes * (sizes - 1) / 2
    alike = ((total * total).sum(1) - own) / 2
    return _mean(1 - alike[pairs > 0] / pairs[pairs > 0])


def category_diversity(lists: Lists, categories: pl.Series) -> float:
    """Intra-list diversity over labels: mean of 1 − Jaccard over the pairs of a list, then over lists.

    Args:
        lists: Recommended items.
        categories: Labels of each item: a list column, or text taken as one label. Two items without any label are
            alike, for nothing tells them apart.
    """
    members = _membership(categories)
    present = lists >= 0
    sums, pairs = np.zeros(len(lists)), np.zeros(len(lists))
    for left in range(lists.shape[1]):
        for right in range(left + 1, lists.shape[1]):
            both = present[:, left] & present[:, right]
            sums[both] += _jaccard(members, lists[both, left], lists[both, right])
            pairs += both
    return _mean(1 - sums[pairs > 0] / pairs[pairs > 0])


def _membership(categories: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Label codes of every item, padded, ``(num_items, most labels)``, and where a label stands."""
    column = categories if isinstance(categories.dtype, pl.List) else categories.cast(pl.String).reshape((-1, 1))
    table = pl.DataFrame({"label": column.cast(pl.List(pl.String))}).with_row_index("item").explode("label")
    table = table.drop_nulls().unique(maintain_order=True)
    codes = table["label"].rank("dense").to_numpy().astype(np.int64)
    owners = table["item"].to_numpy().astype(np.int64)
    sizes = np.bincount(owners, minlength=len(categories))
    place = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    labels = np.full((len(categories), max(int(sizes.max(initial=0)), 1)), -1, dtype=np.int64)
    labels[owners, place] = codes
    return labels, labels >= 0


def _jaccard(
    members: tuple[NDArray[np.int64], NDArray[np.bool_]], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    labels, present = members
    same = (labels[left][:, :, None] == labels[right][:, None, :]) & present[left][:, :, None]
    common = same.any(2).sum(1)
    union = present[left].sum(1) + present[right].sum(1) - common
    shares: NDArray[np.float64] = np.divide(common, union, out=np.ones(len(left)), where=union > 0)
    return shares
