"""A data set in the tidy form: a folder of parquet tables, read into sequences and a catalogue.

``interactions.parquet`` has ``user_id``, ``item_id`` and ``timestamp`` (and ``position``, when the order is known
better than the times tell), ``items.parquet`` has ``item_id`` and any attributes, ``users.parquet`` is optional, and
``manifest.json`` (or ``meta.json``) holds statistics and says whether ``timestamp`` is a time or only an order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from foretaste.data.sequences import Sequences
from foretaste.data.tables import fingerprint_of, indexed, read_cached, read_catalogue, read_events, read_manifest
from foretaste.data.vocabulary import Vocabulary


@dataclass(frozen=True)
class Dataset:
    """Interactions and catalogue under dense ids.

    Attributes:
        name: What the data set is called.
        users: Raw user ids; row ``u`` of ``sequences`` is user ``users[u]``.
        items: Raw item ids.
        sequences: Every user's items, oldest first; equal times keep the order of the file.
        catalogue: One row for each dense item id, in that order, with every attribute that the source had.
        real_times: Whether times are Unix seconds rather than only an order.
        fingerprint: Digest of the tables that this data set was read from.
        manifest: Statistics and provenance as found beside the tables.
        folder: Where it was read from.
    """

    name: str
    users: Vocabulary
    items: Vocabulary
    sequences: Sequences
    catalogue: pl.DataFrame
    real_times: bool
    fingerprint: str
    manifest: dict[str, Any]
    folder: Path

    @classmethod
    def load(cls, folder: str | Path) -> Dataset:
        """Reads a tidy folder.

        Raises:
            DataError: If a table or a needed column is missing.
        """
        path = Path(folder)
        manifest = read_manifest(path)
        fingerprint = fingerprint_of(path)
        users, items, sequences, catalogue = read_cached(path, fingerprint) or indexed(
            read_events(path), read_catalogue(path)
        )
        kind = str(manifest.get("timestamp", "unix_seconds"))  # a remark may follow: "unix_seconds (day resolution)"
        real = kind.startswith("unix_seconds") and sequences.times is not None
        return cls(
            name=str(manifest.get("name", path.resolve().name)),
            users=users,
            items=items,
            sequences=sequences,
            catalogue=catalogue,
            real_times=real,
            fingerprint=fingerprint,
            manifest=manifest,
            folder=path,
        )

    @property
    def num_users(self) -> int:
        """How many users have at least one interaction."""
        return len(self.users)

    @property
    def num_items(self) -> int:
        """How many items the catalogue lists, interacted with or not."""
        return len(self.items)

    def titles(self) -> list[str]:
        """A name to show for every item: its title, or its id where it has none."""
        if "title" not in self.catalogue.columns:
            return list(self.items)
        column = self.catalogue.select(pl.coalesce(pl.col("title").cast(pl.String), pl.col("item_id"))).to_series()
        return column.to_list()

    def interactions(self, columns: list[str] | None = None) -> pl.DataFrame:
        """The table of interactions as stored, with all columns or those named."""
        return pl.read_parquet(self.folder / "interactions.parquet", columns=columns)
