"""Writing the tidy form: one folder of parquet tables with a manifest, the same whatever the data came from.

``interactions.parquet`` holds ``user_id``, ``item_id``, ``position``, ``timestamp`` and whatever else the source had;
users stand in the order of their first row in the source, a user's rows in the order of time, equal times in the order
of the source. ``items.parquet`` always has the seven columns of ``tidy_tables.ITEM_COLUMNS``; ``users.parquet`` is
optional.
``manifest.json`` is written last and holds statistics, column types, row counts and digests; ``csr/`` holds the same
histories as arrays that can be memory-mapped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.core.files import file_digest, write_json
from foretaste.data.csr_cache import FOLDER as CSR
from foretaste.data.csr_cache import CsrArrays, write_csr
from foretaste.data.staging import staged_folder
from foretaste.data.table_stats import field_stats, interaction_stats
from foretaste.data.tables import TABLES, tables_digest
from foretaste.data.tidy_order import dense_codes, sorted_rows, take
from foretaste.data.tidy_tables import checked, unique, whole_catalogue

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
    table = checked(interactions, ("user_id", "item_id"), "interactions")
    catalogue = whole_catalogue(items)
    people = unique(checked(users, ("user_id",), "users"), "user_id", "users") if users is not None else None
    (user_codes, user_ids), (item_codes, met) = (dense_codes(table[c]) for c in ("user_id", "item_id"))
    table, order = sorted_rows(table, user_codes)
    user_codes, item_codes = take(user_codes, order), take(item_codes, order)
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
