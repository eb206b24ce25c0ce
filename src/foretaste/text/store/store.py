"""A folder of vectors that were expensive to make: found again by id, grown by appending, never rewritten.

STORE/manifest.json              how the vectors came about (:class:`StoreSpec`), and what the last job left
STORE/shards/00000.safetensors   vectors with their ids and the digests of their texts, one block of a job

A shard is whole or not there and proves itself what it is, so the shards are the truth and the manifest tells of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foretaste.core.artefact import MANIFEST
from foretaste.core.errors import ArtefactError, nearest
from foretaste.core.files import read_json, write_json
from foretaste.text.encoders.base import Vectors
from foretaste.text.store.index import RowIndex
from foretaste.text.store.shard import Shard, text_digest, write_shard
from foretaste.text.store.spec import StoreSpec
from foretaste.text.store.waiting import sole_writer

FORMAT, KIND = 1, "embeddings"
SHARDS = "shards"


class EmbeddingStore:
    """Vectors under ids.

    Args:
        folder: Of a store that exists; :meth:`create` makes one.

    Raises:
        ArtefactError: If there is none, or something in it is damaged.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.spec = _read_spec(self.folder)
        self.index = RowIndex()
        self._shards: list[Shard] = []
        self._starts: list[int] = []
        self.refresh()

    @classmethod
    def create(cls, folder: str | Path, spec: StoreSpec) -> EmbeddingStore:
        """The store in that folder, begun now if there is none.

        Raises:
            ArtefactError: If there is one with another spec (says what differs), or the folder holds something else.
        """
        path = Path(folder)
        if not (path / MANIFEST).is_file():
            _refuse_foreign(path)
            with sole_writer(path):
                if not (path / MANIFEST).is_file():
                    _write_manifest(path, spec, [])
        store = cls(path)
        store.spec.refuse_other(spec, where=path)
        return store

    def __len__(self) -> int:
        return self.index.num_ids

    @property
    def ids(self) -> list[str]:
        """All ids, in the order in which they first came in."""
        return self.index.ids

    def refresh(self) -> None:
        """Looks for shards that were written since, by this process or another."""
        known = {shard.path for shard in self._shards}
        for path in sorted((self.folder / SHARDS).glob("[0-9]*.safetensors"), key=_number):
            if path not in known:
                self._admit(path)

    def missing(self, ids: Sequence[str], digests: Sequence[bytes]) -> list[int]:
        """Places of the ids that have no vector of just this text; of texts, :func:`text_digest` is asked for."""
        found: list[int] = np.flatnonzero(self.index.find(ids, digests) < 0).tolist()
        return found

    def changed(self, ids: Sequence[str], digests: Sequence[bytes]) -> list[int]:
        """Places of the ids that have a vector, but none of just this text."""
        known = self.index.find(ids, None) >= 0
        found: list[int] = np.flatnonzero(known & (self.index.find(ids, digests) < 0)).tolist()
        return found

    def vectors(self, ids: Sequence[str], texts: Sequence[str] | None = None) -> Vectors:
        """Vectors in the order of the ids asked for, ``(n, D)`` float32.

        Args:
            ids: Any ids of the store, also repeated.
            texts: What the vectors must have been made of; without it the newest vector of each id is taken.

        Raises:
            ArtefactError: If an id is not there, or none of its vectors was made of that text.
        """
        rows = self.index.find(ids, None if texts is None else list(map(text_digest, texts)))
        if (rows < 0).any():
            raise self._absent(ids, rows, by_text=texts is not None)
        return self.at(rows)

    def at(self, rows: NDArray[np.int64]) -> Vectors:
        """Vectors of rows by number, ``(n, D)`` float32; only the shards concerned are read."""
        out = np.empty((len(rows), self.spec.dim), dtype=np.float32)
        owners = np.searchsorted(np.array(self._starts), rows, side="right") - 1
        for number in np.unique(owners).tolist():
            here = np.flatnonzero(owners == number)
            out[here] = self._shards[number].vectors[rows[here] - self._starts[number]]
        return out

    def append(self, ids: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        """Adds one shard; for the sole writer only.

        Args:
            ids: One for each row.
            texts: What the rows were made of.
            vectors: ``(n, D)``, finite in the store's type of numbers.
        """
        last = max((_number(shard.path) for shard in self._shards), default=-1)
        path = self.folder / SHARDS / f"{last + 1:05d}.safetensors"
        write_shard(path, self.spec.fingerprint, self.spec.dtype, ids, texts, vectors)
        self._admit(path)

    def finish(self) -> None:
        """Brings the manifest up to date; for the sole writer only."""
        _write_manifest(self.folder, self.spec, self._shards)

    def _admit(self, path: Path) -> None:
        shard = Shard(path, self.spec.fingerprint, self.spec.dtype, self.spec.dim)
        self._starts.append(len(self.index))
        self._shards.append(shard)
        self.index.add(shard)

    def _absent(self, ids: Sequence[str], rows: NDArray[np.int64], *, by_text: bool) -> ArtefactError:
        places = np.flatnonzero(rows < 0).tolist()
        first = ids[places[0]]
        changed = by_text and self.index.find([first], None)[0] >= 0
        guess = None if changed else nearest(first, self.ids[:200_000])
        what = "has a vector of another text only" if changed else "has no vector"
        return ArtefactError(
            f"{len(places)} of {len(ids)} ids cannot be had from this store: {first!r} {what}",
            where=str(self.folder),
            allowed=f"the {len(self):,} ids of the store" + (", with the texts they were encoded from" * by_text),
            mend=f"did you mean {guess!r}?" if guess else "encode them first: foretaste text encode",
        )


def _number(path: Path) -> int:
    return int(path.stem)


def _write_manifest(folder: Path, spec: StoreSpec, shards: Sequence[Shard]) -> None:
    listed = [{"file": f"{SHARDS}/{shard.path.name}", "rows": len(shard), "sha256": shard.checksum} for shard in shards]
    rows = sum(len(shard) for shard in shards)
    content = {"kind": KIND, "format": FORMAT, "spec": spec.as_dict(), "rows": rows, "shards": listed}
    write_json(folder / MANIFEST, content)


def _read_spec(folder: Path) -> StoreSpec:
    file = folder / MANIFEST
    if not file.is_file():
        raise ArtefactError(
            f"there is no embedding store in {str(folder)!r}",
            where=str(file),
            allowed="a folder that `foretaste text encode` or a run wrote",
            mend="check the path, or encode first",
        )
    try:
        content = read_json(file)
        known = content["kind"] == KIND and content["format"] == FORMAT
        values = content["spec"]
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactError(
            f"the manifest is not one of an embedding store ({error})", where=str(file), mend="give another folder"
        ) from error
    if not known:
        raise ArtefactError(
            f"the manifest is of the kind {content['kind']!r}, format {content['format']!r}",
            where=str(file),
            allowed=f"{KIND!r}, format {FORMAT}",
            mend="give another folder, or update foretaste",
        )
    return StoreSpec.from_dict(values, where=file)


def _refuse_foreign(folder: Path) -> None:
    """A folder that holds other things is not written into."""
    names = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    strange = sorted(name for name in names if not name.startswith("."))
    if strange and MANIFEST not in names:  # it may have come a moment ago, from another process
        raise ArtefactError(
            f"{str(folder)!r} is not empty and not an embedding store, so nothing is written there",
            where=", ".join(strange[:5]),
            allowed="a new or empty folder, or a store",
            mend="give another folder",
        )
