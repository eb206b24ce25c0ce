"""Vectors that were made elsewhere, with the ids they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.core.artefact import fingerprint
from foretaste.core.errors import DataError, nearest
from foretaste.core.files import file_digest
from foretaste.text.encoders.base import Vectors, unit
from foretaste.text.encoders.config import MATRIX_SUFFIXES, EncoderConfig
from foretaste.text.encoders.ready_files import ids_beside, read_matrix


@dataclass(frozen=True)
class ReadyMatrix:
    """Rows under raw ids, as a file gave them.

    Attributes:
        path: The file of vectors.
        ids: Raw ids, one for each row; None when the caller said that rows stand in the order of its own ids.
        vectors: ``(n, D)`` in the file's own number format.
        normalize: Whether rows are scaled to length 1 as they are given out.
    """

    path: Path
    ids: Sequence[str] | None
    vectors: NDArray[Any]
    normalize: bool = False

    parameters = 0

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.vectors.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the file, its ids and the scaling."""
        ids = None if self.ids is None else list(self.ids)
        return fingerprint({"file": file_digest(self.path), "ids": ids, "normalize": self.normalize})

    def describe(self) -> str:
        """One line for people."""
        length = ", length 1" if self.normalize else ""
        size = f"{len(self.vectors):,} rows, {self.dim} dimensions{length}"
        return f"{self.name}: ready vectors of an unknown encoder, {size}"

    def rows(self, wanted: Sequence[str]) -> Vectors:
        """The vectors of these ids, ``(n, D)`` float32 in their order.

        Raises:
            DataError: If an id has no vector, or one that is not finite; says how many and which.
        """
        found = np.ascontiguousarray(self.vectors[self._places(wanted)], dtype=np.float32)
        wrong = np.flatnonzero(~np.isfinite(found).all(axis=1))
        if len(wrong):
            raise DataError(
                f"{len(wrong):,} of the ready vectors hold NaN or infinity: {_shown([wanted[int(i)] for i in wrong])}",
                where=str(self.path),
                mend="make those vectors again",
            )
        return unit(found) if self.normalize else found

    def _places(self, wanted: Sequence[str]) -> NDArray[np.int64]:
        if self.ids is None:
            if len(wanted) != len(self.vectors):
                raise DataError(
                    f"the file has {len(self.vectors):,} rows without ids, but there are {len(wanted):,} ids",
                    where=str(self.path),
                    mend="give the ids with the vectors",
                )
            return np.arange(len(wanted))
        missing = [raw for raw in wanted if raw not in self._place]
        if missing:
            raise DataError(
                f"{len(missing):,} of {len(wanted):,} ids have no ready vector: {_shown(missing)}",
                where=str(self.path),
                allowed=f"a row for every id; the file has {len(self.ids):,}, as {_shown(self.ids)}",
                mend="make the missing vectors, or leave those ids out of the data",
            )
        return np.fromiter((self._place[raw] for raw in wanted), dtype=np.int64, count=len(wanted))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {raw: row for row, raw in enumerate(self.ids or ())}


def is_ready(encoder: str) -> bool:
    """Whether the config key ``encoder`` names a file of ready vectors."""
    return encoder.endswith(MATRIX_SUFFIXES)


def ready_matrix(config: EncoderConfig) -> ReadyMatrix:
    """The file of ready vectors that a config names; see :func:`open_ready`."""
    return open_ready(config.encoder, normalize=config.normalize, positional=config.matrix_order == "catalogue")


def open_ready(path: str | Path, *, normalize: bool = False, positional: bool = False) -> ReadyMatrix:
    """Reads a matrix of vectors with its ids.

    Ids stand in the file (a parquet column ``item_id``, ``user_id`` or ``id``; the safetensors metadata ``ids``, a JSON
    list) or beside it: for ``vectors.npy`` in ``vectors.ids.txt`` (one id a line), ``.ids.json`` or ``.ids.parquet``.

    Args:
        path: A ``.npy``, ``.safetensors`` or ``.parquet`` file.
        normalize: Whether rows are scaled to length 1.
        positional: Whether a file without ids is meant to have its rows in the order of the ids asked for.

    Raises:
        DataError: If there are no ids, not as many as rows, or repeated ones; or if the file holds no matrix.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise DataError(f"there is no file of vectors {str(path)!r}", mend=_guess(file))
    vectors, ids = read_matrix(file)
    ids = ids if ids is not None else ids_beside(file)
    if ids is None and not positional:
        raise DataError(
            "the vectors have no ids, so nobody can say which row belongs to which item",
            where=str(file),
            allowed=f"ids beside it in {file.stem}.ids.txt, {file.stem}.ids.json or {file.stem}.ids.parquet",
            mend="write the ids there, or set matrix_order=catalogue if row i is item i of the catalogue",
        )
    if ids is not None:
        _check(ids, len(vectors), file)
    return ReadyMatrix(file, ids, vectors, normalize)


def _check(ids: Sequence[str], rows: int, file: Path) -> None:
    if len(ids) != rows:
        raise DataError(
            f"there are {len(ids):,} ids for {rows:,} vectors", where=str(file), allowed="one id for each row"
        )
    seen: set[str] = set()
    twice = [raw for raw in ids if raw in seen or seen.add(raw)]  # type: ignore[func-returns-value]
    if twice:
        raise DataError(
            f"{len(twice):,} ids stand there more than once: {_shown(twice)}",
            where=str(file),
            mend="keep one row of each",
        )


def _shown(ids: Sequence[str]) -> str:
    return ", ".join(repr(raw) for raw in ids[:5]) + (", …" if len(ids) > 5 else "")


def _guess(file: Path) -> str:
    folder = file.parent
    near = nearest(file.name, (p.name for p in folder.glob("*") if p.is_file())) if folder.is_dir() else None
    return f"did you mean {str(folder / near)!r}?" if near else "check the path"
