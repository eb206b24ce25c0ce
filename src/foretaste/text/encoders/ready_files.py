"""The formats in which a matrix of ready vectors and its ids may come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.core.errors import DataError

ID_COLUMNS = ("item_id", "user_id", "id")


def read_matrix(file: Path) -> tuple[NDArray[Any], list[str] | None]:
    """The matrix in a file, ``(n, D)`` in its own number format, and the ids if they stand there too.

    Raises:
        DataError: If the file holds no matrix of numbers.
    """
    vectors, ids = {".npy": _npy, ".safetensors": _safetensors, ".parquet": _parquet}[file.suffix](file)
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        raise DataError(
            f"the file holds an array of shape {vectors.shape} and type {vectors.dtype}",
            where=str(file),
            allowed="numbers of shape (rows, dimensions)",
        )
    return vectors, ids


def ids_beside(file: Path) -> list[str] | None:
    """The ids in ``NAME.ids.txt``, ``.json`` or ``.parquet`` beside a file ``NAME.*``; None where there are none."""
    import polars as pl

    for suffix in (".txt", ".json", ".parquet"):
        other = file.with_name(f"{file.stem}.ids{suffix}")
        if other.is_file():
            if suffix == ".txt":
                return other.read_text(encoding="utf-8").removesuffix("\n").split("\n")
            if suffix == ".json":
                return [str(raw) for raw in json.loads(other.read_text(encoding="utf-8"))]
            return _id_column(pl.read_parquet(other))
    return None


def _npy(file: Path) -> tuple[NDArray[Any], list[str] | None]:
    try:
        return np.load(file, mmap_mode="r", allow_pickle=False), None
    except ValueError as error:
        raise DataError(f"the file is no plain array: {error}", where=str(file)) from error


def _safetensors(file: Path) -> tuple[NDArray[Any], list[str] | None]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="pt") as content:  # numpy has no bfloat16
            names = list(content.keys())
            chosen = "vectors" if "vectors" in names else names[0] if len(names) == 1 else None
            if chosen is None:
                raise DataError(
                    f"the file has the tensors {', '.join(names) or '(none)'}",
                    where=str(file),
                    allowed="one tensor, or one named vectors",
                )
            tensor = content.get_tensor(chosen)
            listed = (content.metadata() or {}).get("ids")
    except SafetensorError as error:
        raise DataError(f"the file is not in the safetensors format: {error}", where=str(file)) from error
    array: NDArray[Any] = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    return array, None if listed is None else [str(raw) for raw in json.loads(listed)]


def _parquet(file: Path) -> tuple[NDArray[Any], list[str] | None]:
    import polars as pl

    table = pl.read_parquet(file)
    lists = [name for name, kind in table.schema.items() if isinstance(kind, pl.List | pl.Array)]
    if len(lists) != 1:
        raise DataError(
            f"the table has {len(lists)} columns of lists: {', '.join(lists) or '(none)'}",
            where=str(file),
            allowed="one column with a list of numbers in each row, and one with ids",
        )
    column = table[lists[0]]
    sizes = (column.list.len() if isinstance(column.dtype, pl.List) else column.arr.len()).unique().to_list()
    if len(sizes) != 1 or sizes[0] is None:
        raise DataError(f"the lists in column {lists[0]!r} have different lengths: {sizes}", where=str(file))
    flat = column.explode().cast(pl.Float32).to_numpy()
    return flat.reshape(len(table), sizes[0]), _id_column(table)


def _id_column(table: Any) -> list[str] | None:
    import polars as pl

    name = next((column for column in ID_COLUMNS if column in table.columns), None)
    if name is None and len(table.columns) == 1 and not isinstance(table.dtypes[0], pl.List | pl.Array):
        name = table.columns[0]
    return None if name is None else [str(raw) for raw in table[name].to_list()]
