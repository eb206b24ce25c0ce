"""Which index for how many items, and how much of the exact answer it finds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.core.errors import unknown
from foretaste.serving.index.base import NOTHING, Rows, VectorIndex
from foretaste.serving.index.exact import ExactIndex
from foretaste.serving.index.faiss_index import FaissIndex, build_faiss
from foretaste.serving.index.qdrant_index import QdrantIndex, build_qdrant

KINDS = ("auto", "exact", "flat", "ivf", "ivfpq", "hnsw", "qdrant")
EXACT_UP_TO = 100_000
"""Catalogues up to this size are searched exactly: 1.4 ms a question at 128 dimensions."""

ID_BYTES = 8
"""Of an item in a cell, beside its vector."""

MEMORY_SHARE = 0.5
"""Of the machine's memory that an index may take before vectors are compressed."""

WIDTHS = {
    "ivf": (8, 16, 32, 48, 64, 80, 96, 112, 128, 192, 256, 512),
    "hnsw": (32, 64, 128, 256, 512, 1024),
    "ivfpq": (4, 8, 16, 32, 64, 128, 256, 512),
    "flat": (0,),
    "qdrant": (64, 128, 256, 512),
}
RECALL_AT, ENOUGH = 10, 0.95


def choose_kind(items: int, dim: int, memory: float | None = None) -> str:
    """``exact``, ``ivf`` or ``ivfpq``, by size and memory.

    A graph (``hnsw``) is for whoever asks for it: among a million vectors it takes nearly twice as long as
    cells for less recall, and where users lie in random directions it never gets there.

    Args:
        items: Size of the catalogue.
        dim: Width of a vector.
        memory: Bytes that the index may take; default: half of the machine's.
    """
    if items <= EXACT_UP_TO:
        return "exact"
    if memory is None:
        memory = MEMORY_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return "ivf" if items * (4 * dim + ID_BYTES) <= memory else "ivfpq"


def build_index(
    vectors: Rows, queries: Rows, kind: str = "auto", *, enough: float = ENOUGH
) -> tuple[VectorIndex, dict[str, Any]]:
    """An index that is looked through as widely as the wanted recall needs, and what was measured.

    Args:
        vectors: ``(V, d)`` float32.
        queries: User vectors of the same model, ``(n, d)``, on which recall is measured.
        kind: One of :data:`KINDS`.
        enough: Recall@10 at which no wider search is tried.

    Raises:
        ConfigError: If there is no such kind.
    """
    if kind not in KINDS:
        raise unknown("index", kind, KINDS)
    chosen = choose_kind(*vectors.shape) if kind == "auto" else kind
    exact = ExactIndex(vectors)
    if chosen == "exact":
        return exact, {"kind": "exact", "recall@10": 1.0}
    started = time.perf_counter()
    build: Callable[..., FaissIndex | QdrantIndex] = (
        build_qdrant if chosen == "qdrant" else partial(build_faiss, chosen)
    )
    index = build(vectors, width=WIDTHS[chosen][0])
    built = time.perf_counter() - started
    truth, _ = exact.search(queries, RECALL_AT, None)
    tried = []
    for width in WIDTHS[chosen]:
        index = index.with_width(width)
        recall, seconds = _measure(index, queries, truth)
        tried.append({"width": width, "recall@10": round(recall, 4), "ms": round(1e3 * seconds / len(queries), 4)})
        if recall >= enough:
            break
    measured = {"recall@10": tried[-1]["recall@10"], "queries": len(queries), "tried": tried}
    return index, {**index.about(), **measured, "build_seconds": round(built, 2)}


def recall(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Share of the true items that were found; :data:`NOTHING` is not counted."""
    hits = [len(set(row[row != NOTHING]) & set(best[best != NOTHING])) for row, best in zip(found, truth, strict=True)]
    return sum(hits) / max(1, int((truth != NOTHING).sum()))


def _measure(index: FaissIndex | QdrantIndex, queries: Rows, truth: NDArray[np.int64]) -> tuple[float, float]:
    started = time.perf_counter()
    found, _ = index.approximate(queries, RECALL_AT, None)
    return recall(found, truth), time.perf_counter() - started
