"""Writing the tidy form: one folder of parquet tables with a manifest, the same whatever the data came from.

``interactions.parquet`` holds ``user_id``, ``item_id``, ``position``, ``timestamp`` and whatever else the source had;
users stand in the order of their first row in the source, a user's rows in the order of time, equal times in the order
of the source. ``items.parquet`` always has the seven columns of :data:`ITEM_COLUMNS`; ``users.parquet`` is optional.
``manifest.json`` is written last and holds statistics, column types, row counts and digests; ``csr/`` holds the same
histories as arrays that can be memory-mapped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.core.errors import DataError
from foretaste.core.files import file_digest, write_json
from foretaste.data.csr_cache import FOLDER as CSR
from foretaste.data.csr_cache import CsrArrays, write_csr
from foretaste.data.dataset import TABLES, tables_digest
from foretaste.data.ordering import user_order
from foretaste.data.staging import staged_folder
from foretaste.data.table_stats import field_stats, interaction_stats

ITEM_COLUMNS: dict[str, pl.DataType] = {
    "item_id": pl.String(),
    "title": pl.String(),
    "brand": pl.String(),
    "categories": pl.List(pl.String()),
    "price": pl.Float64(),
    "description": pl.String(),
    "image": pl.String(),
}
"""The columns that every catalogue has, null where nothing is known."""

REJECTED = "rejected.parquet"
MANIFEST = "manifest.json"
OWNED = (MANIFEST, *TABLES, REJECTED, CSR)


def write_tidy(
    out: Path,
    interactions: pl.DataFrame,
    items: pl.DataFrame | None,
    users: pl.DataFrame | None,
    *,
    name: str,
    real_times: bool,
    extra: dict[str, Any] | None = None,
    rejected: pl.DataFrame | None = None,
) -> dict[str, Any]:
    """Writes a tidy folder: whole, or not at all.

    Args:
        out: The folder; tables that stand there are replaced.
        interactions: ``user_id``, ``item_id``, optionally ``timestamp`` (integer) and ``position``, then any other
            columns. Rows are sorted (see the module); without ``timestamp`` their order counts and ``timestamp``
            repeats ``position``.
        items: ``item_id`` (one row each) and any attributes, or None.
        users: ``user_id`` (one row each) and any attributes, or None.
        name: What the data set is called.
        real_times: Whether ``timestamp`` is Unix seconds rather than only an order.
        extra: More keys for the manifest (origin, options, counts).
        rejected: Rows that were refused, to be kept beside the tables.

    Returns:
        The manifest.

    Raises:
        DataError: If an id column is missing or has gaps, or the folder cannot be written.
    """
    table = _checked(interactions, ("user_id", "item_id"), "interactions")
    catalogue = _catalogue(items)
    people = _unique(_checked(users, ("user_id",), "users"), "user_id", "users") if users is not None else None
    (user_codes, user_ids), (item_codes, met) = (dense_codes(table[c]) for c in ("user_id", "item_id"))
    table, order = _sorted(table, user_codes)
    user_codes, item_codes = _take(user_codes, order), _take(item_codes, order)
    head: dict[str, Any] = {
        "name": name,
        "format": "foretaste-tidy/1",
        "timestamp": "unix_seconds" if real_times else "ordinal",
        **(extra or {}),
        "stats": _stats(user_codes, item_codes, met, catalogue),
    }
    table = table.with_columns(pl.col("user_id", "item_id").cast(pl.String))
    tables = {"interactions.parquet": table, "items.parquet": catalogue, "users.parquet": people, REJECTED: rejected}
    with staged_folder(Path(out), owned=OWNED, last=MANIFEST) as stage:
        files = {file: _write_table(stage / file, frame) for file, frame in tables.items() if frame is not None}
        digests = {file: str(files[file]["sha256"]) for file in TABLES if file in files}
        arrays = _arrays(table, user_codes, item_codes, user_ids, met, catalogue)
        write_csr(stage, arrays, tables_digest(digests))
        manifest = {
            **head,
            "columns": {
                file.removesuffix(".parquet"): {column: str(dtype) for column, dtype in frame.schema.items()}
                for file, frame in tables.items()
                if frame is not None
            },
            "files": files,
            "fingerprint": tables_digest(digests),
        }
        write_json(stage / MANIFEST, manifest)
    return manifest


def dense_codes(ids: pl.Series) -> tuple[NDArray[np.int32], pl.Series]:
    """Numbers for raw ids in the order of their first appearance.

    Returns:
        The number of each row ``(N,)`` and the raw ids in the order of their numbers.
    """
    codes = (ids if ids.dtype == pl.Categorical else ids.cast(pl.Categorical)).to_physical().cast(pl.Int64).to_numpy()
    first = np.full(int(codes.max(initial=-1)) + 1, len(codes), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # the last write stays: the earliest row
    used = np.argsort(first, kind="stable")[: int((first < len(codes)).sum())]
    number = np.zeros(len(first), dtype=np.int32)
    number[used] = np.arange(len(used), dtype=np.int32)
    return number[codes], ids.gather(first[used]).cast(pl.String)


def as_codes(table: pl.DataFrame, *ids: str) -> pl.DataFrame:
    """The table with some columns of text as numbers of distinct values: smaller, and faster to sort and count."""
    return table.with_columns(pl.col(*ids).cast(pl.Categorical))


def complete_items(items: pl.DataFrame) -> pl.DataFrame:
    """The catalogue with all of :data:`ITEM_COLUMNS` in front, then its other columns."""
    front = [
        _as(items[name], dtype)
        if name in items.columns
        else pl.Series(name, [None], dtype=dtype).new_from_index(0, items.height)
        for name, dtype in ITEM_COLUMNS.items()
    ]
    return pl.DataFrame([*front, *(items[name] for name in items.columns if name not in ITEM_COLUMNS)])


def _as(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    if isinstance(dtype, pl.List) and not isinstance(column.dtype, pl.List):
        text = column.cast(pl.String)
        return (
            text.to_frame()
            .select(pl.when(text.is_not_null()).then(pl.concat_list(text.name)))
            .to_series()
            .alias(column.name)
        )
    return column.cast(dtype, strict=False)


def _checked(table: pl.DataFrame, ids: tuple[str, ...], what: str) -> pl.DataFrame:
    """The table with its id columns as text, in front; refuses missing columns and empty ids."""
    for name in ids:
        if name not in table.columns:
            raise DataError(
                f"the table of {what} lacks the column {name}",
                where=what,
                allowed=", ".join(ids) + " and any other columns; found: " + ", ".join(table.columns),
                mend=f"rename the column that holds it to {name}",
            )
        if table[name].null_count():
            raise DataError(
                f"{table[name].null_count()} rows of the table of {what} have no {name}",
                where=f"first in row {table[name].is_null().arg_max()}",
                allowed="an id in every row",
                mend="leave these rows out, or import the table with `foretaste data import`, which sets them aside",
            )
    front = [table[name] if table[name].dtype == pl.Categorical else table[name].cast(pl.String) for name in ids]
    return pl.DataFrame([*front, *(table[name] for name in table.columns if name not in ids)])


def _catalogue(items: pl.DataFrame | None) -> pl.DataFrame | None:
    return (
        None if items is None else complete_items(_unique(_checked(items, ("item_id",), "items"), "item_id", "items"))
    )


def _unique(table: pl.DataFrame, column: str, what: str) -> pl.DataFrame:
    doubles = table[column].is_duplicated()
    if doubles.any():
        raise DataError(
            f"the table of {what} lists {table[column].filter(doubles)[0]!r} more than once",
            where=f"column {column}",
            allowed="one row for each id",
            mend="keep one row for each id",
        )
    return table


def _sorted(table: pl.DataFrame, users: NDArray[np.int32]) -> tuple[pl.DataFrame, NDArray[np.int64] | None]:
    """The rows user by user, oldest first, with ``position`` and ``timestamp``; and their former places."""
    key = next((name for name in ("position", "timestamp") if name in table.columns), None)
    order: NDArray[np.int64] | None = user_order(users, None if key is None else table[key].cast(pl.Int64).to_numpy())
    if order is not None and bool((order[1:] > order[:-1]).all()):
        order = None  # already in order: spare the copy
    places = _places(_take(users, order))
    position = pl.Series("position", places, dtype=pl.Int32)
    if order is not None:
        table = table[order]
    time = (
        table["timestamp"].cast(pl.Int64)
        if "timestamp" in table.columns
        else position.cast(pl.Int64).alias("timestamp")
    )
    front = [table["user_id"], table["item_id"], position, time]
    rest = [table[name] for name in table.columns if name not in ("user_id", "item_id", "position", "timestamp")]
    return pl.DataFrame([*front, *rest]), order


def _take(codes: NDArray[np.int32], order: NDArray[np.int64] | None) -> NDArray[np.int32]:
    return codes if order is None else codes[order]


def _places(users: NDArray[np.int32]) -> NDArray[np.int64]:
    """0, 1, 2 … within each run of the same user."""
    lengths = np.bincount(users) if len(users) else np.zeros(0, dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    return np.arange(len(users), dtype=np.int64) - np.repeat(starts, lengths)


def _stats(
    users: NDArray[np.int32], items: NDArray[np.int32], met: pl.Series, catalogue: pl.DataFrame | None
) -> dict[str, Any]:
    if catalogue is None:
        return interaction_stats(users, items, len(met))
    used = catalogue.filter(catalogue["item_id"].is_in(met.implode()))
    listed = catalogue.height + len(met) - used.height
    stats = interaction_stats(users, items, listed)
    return {
        **stats,
        "items_without_attributes": len(met) - used.height,
        "item_fields_of_interacted_items": field_stats(used),
    }


def _arrays(
    table: pl.DataFrame,
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    user_ids: pl.Series,
    met: pl.Series,
    catalogue: pl.DataFrame | None,
) -> CsrArrays:
    """The histories with the data set's own numbering: the catalogue's items first, then those met only in the log."""
    listed = catalogue["item_id"] if catalogue is not None else pl.Series("item_id", [], dtype=pl.String)
    item_ids = pl.concat([listed, met.filter(~met.is_in(listed.implode()))])
    renumbered = met.cast(pl.Enum(item_ids)).to_physical().cast(pl.Int32).to_numpy()
    lengths = np.bincount(users, minlength=len(user_ids))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    dense = renumbered[items] if len(items) else np.empty(0, dtype=np.int32)
    return CsrArrays(dense, offsets, table["timestamp"].to_numpy(), user_ids, item_ids)


def _write_table(path: Path, frame: pl.DataFrame) -> dict[str, Any]:
    frame.write_parquet(path, compression="zstd", row_group_size=1 << 20)
    return {"rows": frame.height, "bytes": path.stat().st_size, "sha256": file_digest(path)}
