"""Search in Qdrant: a vector database that outgrows one machine, or its engine embedded in this process.

The vectors lie in a collection that is written once and named by what it holds, so many replicas search the same one.
Filters go into the search as the ids that may come, or as those that may not, whichever are fewer. Items that come
later are scored exactly beside the collection.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretaste.core.errors import ArtefactError, ConfigError, ForetasteError
from foretaste.core.extras import require
from foretaste.serving.index.base import NOTHING, Ids, Mask, Rows
from foretaste.serving.index.exact import ExactIndex
from foretaste.serving.index.merging import best_of, padded

LOCATION = "FORETASTE_QDRANT"
"""Environment variable that says where Qdrant is: a URL, ``:memory:``, or a folder for the embedded engine."""

KEY = "FORETASTE_QDRANT_KEY"
"""Environment variable of its API key."""

AT_ONCE = 64
"""Questions of one request to it."""

SECONDS = 10
"""That an answer may take."""


class IndexUnavailable(ForetasteError):
    """The vector database does not answer."""


@dataclass(frozen=True)
class QdrantIndex:
    """A collection, and what came after it.

    Attributes:
        client: Connected to Qdrant.
        collection: Its name.
        base: How many items it holds, under their dense ids.
        later: Vectors of items that came since, ``(m, d)``.
        width: Candidates on the way through its graph.
    """

    client: Any
    collection: str
    base: int
    later: Rows
    width: int
    kind: str = "qdrant"

    @property
    def size(self) -> int:
        return self.base + len(self.later)

    def search(self, users: Rows, k: int, allowed: Mask | None) -> tuple[Ids, Rows]:
        ids, scores = self.approximate(users, k, None if allowed is None else allowed[: self.base])
        if not len(self.later):
            return ids, scores
        mask = None if allowed is None else allowed[self.base :]
        more, values = ExactIndex(self.later).search(users, min(k, len(self.later)), mask)
        more = np.where(more == NOTHING, NOTHING, more + self.base)
        return best_of(np.concatenate([ids, more], axis=1), np.concatenate([scores, values], axis=1), k)

    def added(self, vectors: Rows) -> QdrantIndex:
        return replace(self, later=np.concatenate([self.later, vectors]))

    def removed(self, items: Ids) -> QdrantIndex:
        return self

    def about(self) -> dict[str, Any]:
        return {"kind": self.kind, "width": self.width, "base": self.base, "collection": self.collection}

    def with_width(self, width: int) -> QdrantIndex:
        """The same, looked through more or less widely."""
        return replace(self, width=width)

    def approximate(self, users: Rows, k: int, allowed: Mask | None) -> tuple[Ids, Rows]:
        """What the collection finds.

        Raises:
            IndexUnavailable: If Qdrant does not answer.
        """
        count = self.base if allowed is None else int(allowed.sum())
        ids = np.full((len(users), k), NOTHING, dtype=np.int64)
        scores = np.full((len(users), k), -np.inf, dtype=np.float32)
        if not count:
            return ids, scores
        models = _qdrant().models
        told = {"limit": min(k, count), "filter": self._filter(allowed), "with_payload": False}
        parameters = models.SearchParams(hnsw_ef=max(self.width, k))
        for start in range(0, len(users), AT_ONCE):
            rows = users[start : start + AT_ONCE]
            asked = [models.QueryRequest(query=row.tolist(), params=parameters, **told) for row in rows]
            for place, answer in enumerate(self._asked(asked), start):
                for rank, point in enumerate(answer.points):
                    ids[place, rank], scores[place, rank] = point.id, point.score
        return padded(ids, scores, k)

    def _asked(self, requests: list[Any]) -> Any:
        try:
            return self.client.query_batch_points(self.collection, requests=requests, timeout=SECONDS)
        except Exception as error:
            raise _unavailable(error) from error

    def _filter(self, allowed: Mask | None) -> Any:
        """The allowed ids or the others, whichever are fewer."""
        if allowed is None or allowed.all():
            return None
        models = _qdrant().models
        if 2 * int(allowed.sum()) <= len(allowed):
            return models.Filter(must=[models.HasIdCondition(has_id=np.flatnonzero(allowed).tolist())])
        return models.Filter(must_not=[models.HasIdCondition(has_id=np.flatnonzero(~allowed).tolist())])


def build_qdrant(vectors: Rows, *, width: int, client: Any | None = None) -> QdrantIndex:
    """Writes a collection, unless one with these vectors is there.

    Args:
        vectors: ``(V, d)`` float32.
        width: Candidates on the way through its graph.
        client: Connected already; default: to where :data:`LOCATION` says.

    Raises:
        ConfigError: If nothing says where Qdrant is.
        IndexUnavailable: If it does not answer.
    """
    models, client = _qdrant().models, client or connect()
    name = "foretaste-" + hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()[:24]
    try:
        if not client.collection_exists(name) or client.count(name).count != len(vectors):
            client.delete_collection(name)
            client.create_collection(
                name, vectors_config=models.VectorParams(size=vectors.shape[1], distance=models.Distance.DOT)
            )
            client.upload_collection(name, vectors=vectors, ids=range(len(vectors)), wait=True)
    except Exception as error:
        raise _unavailable(error) from error
    return QdrantIndex(client, name, len(vectors), vectors[:0], width)


def open_qdrant(about: dict[str, Any], dim: int, *, client: Any | None = None) -> QdrantIndex:
    """The collection that a bundle names.

    Args:
        about: What :meth:`QdrantIndex.about` said.
        dim: Width of a vector.
        client: Connected already; default: to where :data:`LOCATION` says.

    Raises:
        ArtefactError: If Qdrant has no such collection, or one of another size.
        IndexUnavailable: If it does not answer.
    """
    client = client or connect()
    try:
        there = client.count(about["collection"]).count if client.collection_exists(about["collection"]) else 0
    except Exception as error:
        raise _unavailable(error) from error
    if there != about["base"]:
        raise ArtefactError(
            f"Qdrant's collection {about['collection']!r} holds {there:,} items and not {about['base']:,}",
            where=LOCATION,
            mend="export the bundle again, to the Qdrant that the service asks",
        )
    return QdrantIndex(client, about["collection"], about["base"], np.zeros((0, dim), np.float32), about["width"])


def connect() -> Any:
    """A client of the Qdrant that :data:`LOCATION` names.

    Raises:
        ConfigError: If it names none.
    """
    where = os.environ.get(LOCATION, "")
    if not where:
        raise ConfigError(
            "nothing says where Qdrant is",
            where=LOCATION,
            allowed="a URL as http://qdrant:6333, or a folder for the embedded engine",
            mend=f"set the environment variable {LOCATION}",
        )
    client = _qdrant().QdrantClient
    if where == ":memory:":
        return client(where)
    if "://" in where:
        return client(url=where, api_key=os.environ.get(KEY), timeout=SECONDS)
    return client(path=where)


def _unavailable(error: Exception) -> IndexUnavailable:
    return IndexUnavailable(
        f"the vector database does not answer ({type(error).__name__})", mend="the next request asks it again"
    )


def _qdrant() -> Any:
    return require("qdrant_client", extra="qdrant", why="an index in Qdrant")
