"""A trained model's item vectors as one plain table with ids, for any other toolkit.

What the recipe computes them from (text, an adapter, several views) is folded in. The same file can be read back as
ready vectors: ``text.encoder=FILE``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from foretaste.core.errors import ConfigError
from foretaste.core.files import write_atomic
from foretaste.models.base import Retriever
from foretaste.recipes.run_folder import MODEL
from foretaste.recipes.saved import SavedModel, load_model


@dataclass(frozen=True)
class ItemTable:
    """Item vectors under raw ids.

    Attributes:
        ids: Raw ids, in the order of the rows.
        vectors: ``(V, d)`` float32.
    """

    ids: list[str]
    vectors: NDArray[np.float32]


def item_table(saved: SavedModel) -> ItemTable:
    """The item vectors of a trained model.

    Raises:
        ConfigError: If it has none.
    """
    if not isinstance(saved.model, Retriever):
        raise ConfigError(
            f"the recipe {saved.recipe!r} has no item vectors", allowed="a model that retrieves by item vectors"
        )
    with torch.inference_mode():
        vectors = saved.model.item_vectors().float().cpu().numpy()
    return ItemTable(list(saved.items), np.ascontiguousarray(vectors))


def write_item_table(table: ItemTable, file: str | Path) -> list[Path]:
    """Writes a table in the format that the file's name asks for, and says which files there are now.

    ``.parquet`` has the columns ``item_id`` and ``vector``; ``.safetensors`` the tensor ``vectors`` and its ids as a
    JSON list in the metadata ``ids``; ``.npy`` the array alone, with one id a line beside it in ``NAME.ids.txt``.

    Raises:
        ConfigError: If the suffix is another one, or ids do not fit into a line each.
    """
    path = Path(file).expanduser()
    if path.suffix == ".parquet":
        shape = pl.Array(pl.Float32, table.vectors.shape[1])
        frame = pl.DataFrame({"item_id": table.ids, "vector": pl.Series(table.vectors, dtype=shape)})
        write_atomic(path, frame.write_parquet)
        return [path]
    if path.suffix == ".safetensors":
        note = {"ids": json.dumps(table.ids, ensure_ascii=False)}
        write_atomic(path, lambda part: save_file({"vectors": table.vectors}, part, metadata=note))
        return [path]
    if path.suffix == ".npy":
        return [_write_ids(path, table.ids), _write_array(path, table.vectors)]
    raise ConfigError(
        f"{path.name!r} ends in none of the formats that a table is written in",
        where="--out",
        allowed=".npy, .safetensors, .parquet",
        mend=f"write {path.name}.parquet",
    )


def export_run(folder: str | Path, file: str | Path) -> tuple[ItemTable, list[Path]]:
    """Writes the item vectors of a finished run; returns them and the files."""
    path = Path(folder).expanduser()
    table = item_table(load_model(path / MODEL if (path / MODEL).is_dir() else path))
    return table, write_item_table(table, file)


def _write_ids(path: Path, ids: list[str]) -> Path:
    broken = [raw for raw in ids if "\n" in raw or "\r" in raw]
    if broken:
        raise ConfigError(
            f"{len(broken)} ids hold a line break, for example {broken[0]!r}", mend="write .parquet or .safetensors"
        )
    beside = path.with_name(f"{path.stem}.ids.txt")
    write_atomic(beside, lambda part: part.write_text("".join(raw + "\n" for raw in ids), encoding="utf-8"))
    return beside


def _write_array(path: Path, vectors: NDArray[np.float32]) -> Path:
    def write(part: Path) -> None:
        with part.open("wb") as stream:
            np.save(stream, vectors)

    write_atomic(path, write)
    return path
