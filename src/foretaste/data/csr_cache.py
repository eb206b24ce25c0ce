"""The histories of a tidy folder as arrays that can be memory-mapped, so that opening a large log costs no parsing.

``csr/`` holds ``items.npy`` (int32), ``offsets.npy`` (int64), ``times.npy`` (int64, only where there are times), the
raw ids ``user_ids.parquet`` and ``item_ids.parquet`` in the order of their dense ids, and ``digest.json`` with the
digest of the tables they were made from. When the digest does not fit, the cache is ignored: the tables are the truth.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.core.files import read_json, write_atomic, write_json

FOLDER = "csr"


@dataclass(frozen=True)
class CsrArrays:
    """Histories and the raw ids behind their dense ids.

    Attributes:
        items: Dense items of all users, ``(N,)`` int32.
        offsets: Where each user's items start and end, ``(n + 1,)`` int64.
        times: Times beside ``items``, ``(N,)`` int64, or None.
        user_ids: Raw id of each row.
        item_ids: Raw id of each dense item: the catalogue's in its order, then those met only in the log.
    """

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]
    times: NDArray[np.int64] | None
    user_ids: pl.Series
    item_ids: pl.Series


def write_csr(folder: Path, arrays: CsrArrays, digest: str) -> None:
    """Writes the cache of the tidy ``folder``; ``digest`` is the fingerprint of the tables it was made from."""
    cache = folder / FOLDER
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "digest.json").unlink(missing_ok=True)
    for name in ("items", "offsets", "times"):
        array: NDArray[np.int32] | NDArray[np.int64] | None = getattr(arrays, name)
        if array is not None:
            _save(cache / f"{name}.npy", array)
        else:
            (cache / f"{name}.npy").unlink(missing_ok=True)
    _save_ids(cache / "user_ids.parquet", arrays.user_ids)
    _save_ids(cache / "item_ids.parquet", arrays.item_ids)
    write_json(cache / "digest.json", {"tables": digest, "times": arrays.times is not None})


def read_csr(folder: Path, digest: str) -> CsrArrays | None:
    """Memory-maps the cache of the tidy ``folder``, or returns None when there is none that fits ``digest``."""
    cache = folder / FOLDER
    try:
        seal = read_json(cache / "digest.json")
        if not isinstance(seal, dict) or seal.get("tables") != digest:
            return None
        items, offsets = (np.load(cache / f"{name}.npy", mmap_mode="r") for name in ("items", "offsets"))
        times = np.load(cache / "times.npy", mmap_mode="r") if seal.get("times") else None
        users, listed = (pl.read_parquet(cache / f"{name}_ids.parquet").to_series() for name in ("user", "item"))
    except (OSError, ValueError, json.JSONDecodeError, pl.exceptions.PolarsError):
        return None  # a damaged cache is worth nothing, and the tables hold everything
    arrays = CsrArrays(items, np.asarray(offsets), times, users, listed)
    return arrays if _whole(arrays) else None


def _save(path: Path, array: NDArray[np.int32] | NDArray[np.int64]) -> None:
    def write(part: Path) -> None:
        with part.open("wb") as stream:  # np.save(path) would append ".npy" to the temporary name
            np.save(stream, array, allow_pickle=False)

    write_atomic(path, write)


def _save_ids(path: Path, ids: pl.Series) -> None:
    write_atomic(path, lambda part: ids.alias("id").to_frame().write_parquet(part))


def _whole(arrays: CsrArrays) -> bool:
    total = int(arrays.offsets[-1]) if len(arrays.offsets) else -1
    sizes = [len(arrays.items)] + ([len(arrays.times)] if arrays.times is not None else [])
    return all(size == total for size in sizes) and len(arrays.user_ids) == len(arrays.offsets) - 1
