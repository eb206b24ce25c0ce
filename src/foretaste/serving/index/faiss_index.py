"""Approximate search through FAISS: cells of vectors (IVF), of compressed ones (IVF-PQ), a graph (HNSW), a plain scan.

Filters are bitmaps that the search itself looks at. Where few items are allowed, and where a graph finds too few of the
allowed ones, the allowed ones are scored exactly instead. Items that come later are scored exactly beside the index.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from foretaste.core.extras import require
from foretaste.serving.index.base import NOTHING, Ids, Mask, Rows
from foretaste.serving.index.exact import ExactIndex
from foretaste.serving.index.merging import best_of, padded

NARROW = 20_000
"""So few allowed items are scored exactly, which takes about a millisecond."""

NARROW_SHARE = 0.05
"""Such a share of allowed items as well: a graph of which nearly nothing may be shown is mostly walked in vain."""

LINKS, BUILD_WIDTH = 32, 80
"""Neighbours of an item in the graph, and candidates looked at when it is put in."""

REFINE = 8
"""Compressed vectors find this many times as many items as wanted; the true vectors choose among them."""

CELL_ROUNDS, CELL_SAMPLE = 10, 64
"""Rounds of the clustering that draws the cells, and vectors of each cell that it sees."""

PART_WIDTH = 4
"""Numbers of a vector that share one byte of its compressed form."""


@dataclass(frozen=True)
class FaissIndex:
    """An index over vectors that are at hand as well.

    Attributes:
        kind: ``flat``, ``ivf``, ``ivfpq`` or ``hnsw``.
        index: The FAISS index of the first ``base`` vectors.
        vectors: All vectors, ``(V, d)`` float32.
        base: How many of them the index holds.
        width: Candidates on the way through a graph, or cells looked into.
    """

    kind: str
    index: Any
    vectors: Rows
    base: int
    width: int

    @property
    def size(self) -> int:
        return len(self.vectors)

    def search(self, users: Rows, k: int, allowed: Mask | None) -> tuple[Ids, Rows]:
        exact = ExactIndex(self.vectors)
        count = self.size if allowed is None else int(allowed.sum())
        if count <= max(NARROW, NARROW_SHARE * self.size) or k >= count:
            return exact.search(users, k, allowed)
        ids, scores = self.approximate(users, k, None if allowed is None else allowed[: self.base])
        if self.base < self.size:
            ids, scores = self._beside(users, k, allowed, ids, scores)
        short = np.flatnonzero((ids == NOTHING).any(axis=1))
        if len(short):
            ids[short], scores[short] = exact.search(users[short], k, allowed)
        return ids, scores

    def added(self, vectors: Rows) -> FaissIndex:
        return replace(self, vectors=np.concatenate([self.vectors, vectors]))

    def removed(self, items: Ids) -> FaissIndex:
        return self

    def about(self) -> dict[str, Any]:
        return {"kind": self.kind, "width": self.width, "base": self.base}

    def with_width(self, width: int) -> FaissIndex:
        """The same, looked through more or less widely."""
        return replace(self, width=width)

    def save(self, file: Path) -> None:
        """Writes the index alone, without the vectors beside it."""
        _faiss().write_index(self.index, str(file))

    @classmethod
    def load(cls, file: Path, vectors: Rows, about: dict[str, Any]) -> FaissIndex:
        """Reads what :meth:`save` wrote.

        Args:
            file: The index.
            vectors: What it was built of.
            about: What :meth:`about` said.
        """
        index = _faiss().read_index(str(file))
        return cls(about["kind"], index, vectors, about["base"], about["width"])

    def approximate(self, users: Rows, k: int, allowed: Mask | None) -> tuple[Ids, Rows]:
        """What FAISS finds among the vectors that it holds."""
        faiss = _faiss()
        selector = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            selector = faiss.IDSelectorBitmap(bits)
        fetched = min(k * REFINE, self.base) if self.kind == "ivfpq" else min(k, self.base)
        scores, ids = self.index.search(
            np.ascontiguousarray(users), fetched, params=self._parameters(fetched, selector)
        )
        if self.kind == "ivfpq":
            return self._refined(users, ids, k)
        return padded(ids.astype(np.int64), scores, k)

    def _parameters(self, k: int, selector: Any) -> Any:
        faiss = _faiss()
        if self.kind == "hnsw":
            return faiss.SearchParametersHNSW(efSearch=max(self.width, k), sel=selector)
        if self.kind in ("ivf", "ivfpq"):
            return faiss.SearchParametersIVF(nprobe=self.width, sel=selector)
        return faiss.SearchParameters(sel=selector)

    def _refined(self, users: Rows, ids: Ids, k: int) -> tuple[Ids, Rows]:
        """The best of the found items by their true vectors."""
        true = np.einsum("nd,nkd->nk", users, self.vectors[np.maximum(ids, 0)]).astype(np.float32)
        true[ids < 0] = -np.inf
        return best_of(ids, true, k)

    def _beside(self, users: Rows, k: int, allowed: Mask | None, ids: Ids, scores: Rows) -> tuple[Ids, Rows]:
        """Merges in what came after the index was built."""
        later = ExactIndex(self.vectors[self.base :])
        more, values = later.search(users, min(k, later.size), None if allowed is None else allowed[self.base :])
        more = np.where(more == NOTHING, NOTHING, more + self.base)
        return best_of(np.concatenate([ids, more], axis=1), np.concatenate([scores, values], axis=1), k)


def build_faiss(kind: str, vectors: Rows, *, width: int, seed: int = 0) -> FaissIndex:
    """A new index.

    Args:
        kind: ``flat``, ``ivf``, ``ivfpq`` or ``hnsw``.
        vectors: ``(V, d)`` float32.
        width: Candidates on the way through a graph, or cells looked into.
        seed: Of the clustering.
    """
    faiss = _faiss()
    rows, dim = vectors.shape
    inner = faiss.METRIC_INNER_PRODUCT
    if kind == "flat":
        index = faiss.IndexFlatIP(dim)
    elif kind == "hnsw":
        index = faiss.IndexHNSWFlat(dim, LINKS, inner)
        index.hnsw.efConstruction = BUILD_WIDTH
    else:
        index = _cells(faiss, kind, vectors, seed)
    index.add(np.ascontiguousarray(vectors))
    return FaissIndex(kind, index, vectors, rows, width)


def _cells(faiss: Any, kind: str, vectors: Rows, seed: int) -> Any:
    """An empty index of ``4 sqrt(V)`` cells drawn around the vectors."""
    rows, dim = vectors.shape
    cells = max(1, min(rows // 40, round(4 * math.sqrt(rows))))
    around = faiss.IndexFlatIP(dim)
    if kind == "ivf":
        index = faiss.IndexIVFFlat(around, dim, cells, faiss.METRIC_INNER_PRODUCT)
    else:
        parts = max(1, dim // PART_WIDTH)
        while dim % parts:
            parts -= 1
        index = faiss.IndexIVFPQ(around, dim, cells, parts, 8, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter = seed, CELL_ROUNDS
    sample = np.random.default_rng(seed).permutation(rows)[: CELL_SAMPLE * max(cells, 256)]
    index.train(np.ascontiguousarray(vectors[np.sort(sample)]))
    return index


def _faiss() -> Any:
    return require("faiss", extra="serve", why="an index of many items")
