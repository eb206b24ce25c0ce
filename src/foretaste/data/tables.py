"""Reading the tables of a tidy folder, and turning raw ids into dense ones."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from foretaste.core.errors import DataError
from foretaste.core.files import file_digest, read_json
from foretaste.data.csr_cache import read_csr
from foretaste.data.sequences import Sequences
from foretaste.data.vocabulary import Vocabulary

TABLES = ("interactions.parquet", "items.parquet", "users.parquet")
MANIFESTS = ("manifest.json", "meta.json")


def read_manifest(path: Path) -> dict[str, Any]:
    """What stands beside the tables; empty where nothing does.

    Raises:
        DataError: If there is no such folder.
    """
    if not path.is_dir():
        raise DataError(
            f"there is no data folder {str(path)!r}",
            allowed="a folder with interactions.parquet, as `foretaste data import` writes it",
            mend="check the path, or import the log first",
        )
    for name in MANIFESTS:
        if (path / name).is_file():
            found: dict[str, Any] = read_json(path / name)
            return found
    return {}


def read_events(path: Path) -> pl.DataFrame:
    """User, item, time, in the order of each user's sequence; users in order of first appearance.

    Raises:
        DataError: If the table or one of its id columns is missing.
    """
    file = path / "interactions.parquet"
    if not file.is_file():
        raise DataError(
            f"{str(path)!r} holds no interactions.parquet",
            where=str(path),
            allowed="a folder in the tidy form",
            mend="run `foretaste data import LOG --out FOLDER` and give that folder",
        )
    lazy = pl.scan_parquet(file)
    present = lazy.collect_schema().names()
    missing = [name for name in ("user_id", "item_id") if name not in present]
    if missing:
        raise DataError(
            f"interactions.parquet lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}",
            where=str(file),
            allowed="user_id, item_id and timestamp; found: " + ", ".join(present),
            mend="import the log with a column mapping: --user, --item, --time",
        )
    order = next(([str(name)] for name in ("position", "timestamp") if name in present), [])
    kept = [name for name in ("user_id", "item_id", "position", "timestamp") if name in present]
    table = lazy.select(kept).collect()
    texts = [pl.col(c).cast(pl.String).cast(pl.Categorical) for c in ("user_id", "item_id")]
    return _in_order(table.with_columns(texts), order)


def _in_order(table: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    first = table.select(pl.col("user_id").to_physical().alias("u"), *order)
    jump = first.with_row_index("row").group_by("u").agg(pl.col("row").min().alias("first"))
    rank = jump.sort("first").with_row_index("dense").select("u", "dense")
    keyed = first.join(rank, on="u", how="left", maintain_order="left").drop("u")
    table = table.with_columns(keyed["dense"])
    return table.sort("dense", *order, maintain_order=True)


def read_catalogue(path: Path) -> pl.DataFrame | None:
    """One row for each item with its attributes, or None without such a table.

    Raises:
        DataError: If ids are missing or stand twice.
    """
    file = path / "items.parquet"
    if not file.is_file():
        return None
    table = pl.read_parquet(file)
    if "item_id" not in table.columns:
        raise DataError(
            "items.parquet lacks the column item_id",
            where=str(file),
            allowed="item_id and any attributes; found: " + ", ".join(table.columns),
            mend="import the catalogue with --item",
        )
    table = table.with_columns(pl.col("item_id").cast(pl.String))
    doubles = table.filter(table["item_id"].is_duplicated() | table["item_id"].is_null())
    if doubles.height:
        raise DataError(
            f"items.parquet lists {doubles.height} rows without an id or with an id that stands twice, "
            f"for example {doubles['item_id'][0]!r}",
            where=str(file),
            allowed="one row for each item",
            mend="import the catalogue again; the import keeps the first row of each item",
        )
    return table


def read_cached(path: Path, fingerprint: str) -> tuple[Vocabulary, Vocabulary, Sequences, pl.DataFrame] | None:
    """The same as :func:`indexed` from memory-mapped arrays, where an import left them beside the tables."""
    arrays = read_csr(path, fingerprint)
    if arrays is None:
        return None
    table = pl.DataFrame({"item_id": arrays.item_ids})
    catalogue = read_catalogue(path)
    if catalogue is not None:
        table = table.join(catalogue, on="item_id", how="left", maintain_order="left")
    sequences = Sequences.from_offsets(arrays.items, arrays.offsets, arrays.times)
    return Vocabulary(arrays.user_ids.to_list()), Vocabulary(arrays.item_ids.to_list()), sequences, table


def indexed(
    events: pl.DataFrame, catalogue: pl.DataFrame | None
) -> tuple[Vocabulary, Vocabulary, Sequences, pl.DataFrame]:
    """Users, items, sequences and catalogue under dense ids; the catalogue's items first, then those met in the log."""
    listed = catalogue["item_id"] if catalogue is not None else pl.Series("item_id", [], dtype=pl.String)
    used = events["item_id"].unique(maintain_order=True).cast(pl.String)
    extra = used.filter(~used.is_in(listed.implode()))
    items = pl.concat([listed, extra])
    table = pl.DataFrame({"item_id": items})
    if catalogue is not None:
        table = table.join(catalogue, on="item_id", how="left", maintain_order="left")
    codes = table.select(pl.col("item_id").cast(pl.Categorical).alias("item_id")).with_row_index("item")
    dense = events.select("item_id").join(codes, on="item_id", how="left", maintain_order="left")["item"]
    lengths = np.bincount(events["dense"].to_numpy())
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    first = events.select(pl.col("user_id").gather(offsets[:-1])).to_series().cast(pl.String)
    times = events["timestamp"].cast(pl.Int64).to_numpy() if "timestamp" in events.columns else None
    sequences = Sequences.from_offsets(dense.to_numpy().astype(np.int32), offsets, times)
    return Vocabulary(first.to_list()), Vocabulary(items.to_list()), sequences, table


def fingerprint_of(path: Path) -> str:
    """Digest of a folder's tables."""
    return tables_digest({name: file_digest(path / name) for name in TABLES if (path / name).is_file()})


def tables_digest(digests: dict[str, str]) -> str:
    """The fingerprint of a data set, from the SHA-256 of each of its :data:`TABLES`."""
    digest = sha256()
    for name in TABLES:
        if name in digests:
            digest.update(f"{name}:{digests[name]}\n".encode())
    return digest.hexdigest()
