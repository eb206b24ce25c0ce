"""One file of an embedding store: vectors beside the ids and the digests of the texts that they came from.

A shard is written under a temporary name and renamed, so it is whole or not there, and it proves by itself what it
is: its header names the spec of its store and the checksum of its rows. It is never written again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from foretaste.core.errors import ArtefactError
from foretaste.core.files import write_atomic
from foretaste.text.encoders.base import Vectors

DIGEST = 16
"""Bytes of a text's digest."""

ABOUT = "foretaste"

NUMBERS: dict[str, np.dtype[Any]] = {"fp32": np.dtype("<f4"), "fp16": np.dtype("<f2")}


def text_digest(text: str) -> bytes:
    """What is kept of a text: enough to notice that it changed."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()


class Shard:
    """Rows of a store, read through memory mapping.

    Args:
        path: The file.
        spec: Fingerprint of the store's spec.
        dtype: Of the numbers, ``"fp32"`` or ``"fp16"``.
        dim: Length of a vector.

    Attributes:
        ids: One for each row.
        checksum: Of ids, digests and vectors, as recorded.

    Raises:
        ArtefactError: If it is damaged, or belongs to another store.
    """

    def __init__(self, path: Path, spec: str, dtype: str, dim: int) -> None:
        self.path = path
        header, start = _header(path)
        try:
            meta, tensors = (
                json.loads(header["__metadata__"][ABOUT]),
                {name: header[name] for name in ("vectors", "digests")},
            )
            self.ids: list[str] = meta["ids"]
            self.checksum: str = meta["sha256"]
            rows = len(self.ids)
            fits = tensors["vectors"]["shape"] == [rows, dim] and tensors["digests"]["shape"] == [rows, DIGEST]
            own = meta["spec"] == spec
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(path, f"its header lacks {error}") from error
        if not own:
            raise ArtefactError(
                f"the shard {path.name} belongs to another store: encoder, prompt or numbers are not the same",
                where=str(path),
                allowed="shards that this store wrote",
                mend="move the file away",
            )
        if not fits:
            raise _damaged(path, "ids and vectors do not fit each other")
        self._begin = {name: start + tensor["data_offsets"][0] for name, tensor in tensors.items()}
        end = start + max(tensor["data_offsets"][1] for tensor in tensors.values())
        if path.stat().st_size != end:
            raise _damaged(path, f"{path.stat().st_size} bytes instead of {end}")
        self._shape, self._dtype = (rows, dim), NUMBERS[dtype]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def digests(self) -> NDArray[np.uint8]:
        """Digests of the texts, ``(n, 16)``."""
        return np.array(self._map("digests", np.dtype("u1"), (len(self), DIGEST)))

    @cached_property
    def vectors(self) -> NDArray[np.floating]:
        """The rows ``(n, D)``, memory-mapped; checked against the shard's checksum when they are first asked for.

        Raises:
            ArtefactError: If a byte is not the one that was written.
        """
        found = self._map("vectors", self._dtype, self._shape)
        if _checksum(self.ids, self.digests, found) != self.checksum:
            raise _damaged(self.path, "its checksum is not the one recorded")
        return found

    def _map(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        if not np.prod(shape):
            return np.empty(shape, dtype=dtype)
        return np.memmap(self.path, dtype=dtype, mode="r", offset=self._begin[name], shape=shape)


def write_shard(path: Path, spec: str, dtype: str, ids: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
    """Writes one shard, whole or not at all.

    Args:
        path: The file.
        spec: Fingerprint of the store's spec.
        dtype: Of the numbers, ``"fp32"`` or ``"fp16"``.
        ids: One for each row.
        texts: What the rows were made of.
        vectors: ``(n, D)``, finite in that type.
    """
    digests = np.frombuffer(b"".join(map(text_digest, texts)), dtype=np.uint8).reshape(-1, DIGEST)
    numbers = np.ascontiguousarray(vectors, dtype=NUMBERS[dtype])
    about = {"spec": spec, "sha256": _checksum(ids, digests, numbers), "ids": list(ids)}
    meta = {ABOUT: json.dumps(about)}  # one key, since the library writes several in any order
    write_atomic(path, lambda part: save_file({"vectors": numbers, "digests": digests}, part, metadata=meta))


def _checksum(ids: Sequence[str], digests: NDArray[np.uint8], vectors: NDArray[Any]) -> str:
    digest = sha256(json.dumps(list(ids)).encode())
    digest.update(np.ascontiguousarray(digests).data)
    digest.update(np.ascontiguousarray(vectors).data)
    return digest.hexdigest()


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The JSON at the head of a safetensors file, and where the numbers begin."""
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 0 < length <= path.stat().st_size:
                raise ValueError("no header")
            return json.loads(stream.read(length)), 8 + length
    except (ValueError, OSError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, why: str) -> ArtefactError:
    return ArtefactError(
        f"the shard {path.name} is damaged: {why}",
        where=str(path),
        mend="remove that file; its rows are encoded again",
    )
