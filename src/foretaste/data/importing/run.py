"""The import from end to end: open, read, check, count, filter, write."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import polars as pl

from foretaste.core.errors import DataError
from foretaste.data.importing.catalogue import Entities, read_items, read_users
from foretaste.data.importing.core_filter import filter_core
from foretaste.data.importing.ids import looks_like_gap
from foretaste.data.importing.log import Log, read_log
from foretaste.data.importing.opening import open_source
from foretaste.data.importing.options import ImportOptions
from foretaste.data.importing.quarantine import Quarantine
from foretaste.data.importing.repeats import count_repeats
from foretaste.data.importing.source import Source
from foretaste.data.importing.times import TimeRule
from foretaste.data.tidy import MANIFEST, write_tidy

RULES = (
    "order: users by their first row in the source; a user's rows by time, equal times in the order of the source",
    "ids: text exactly as in the source, without blanks around it",
    "duplicates, ties and repeats are counted and kept",
    "catalogue: of several rows with one id the first is kept, the others are in rejected.parquet",
)
"""What every import does, stated in its manifest."""


def import_data(
    log: str | Path,
    items: str | Path | None = None,
    users: str | Path | None = None,
    *,
    out: str | Path,
    name: str | None = None,
    options: ImportOptions | None = None,
) -> dict[str, Any]:
    """Imports a log, with or without a catalogue and a table of users, into the tidy form.

    Args:
        log: A CSV, TSV, JSONL or Parquet file, a DuckDB or SQLite file, or a database's URL.
        items: The catalogue, of any of these kinds.
        users: What is known of the users, of any of these kinds.
        out: The folder to write: whole, or not at all.
        name: What the data set is called; default: the folder's name.
        options: Columns, formats, thresholds and filters.

    Returns:
        The manifest; its key ``import`` tells what was read, refused, counted and filtered.

    Raises:
        ForetasteError: If a source cannot be used, too many rows are refused, or the folder may not be written.
    """
    chosen, folder = options or ImportOptions(), Path(out)
    check_target(folder, force=chosen.force)
    record: dict[str, Any] = {"sources": {}, "rules": list(RULES)}
    quarantines: list[Quarantine] = []

    def opened(role: str, source: str | Path, query: str | None) -> tuple[Source, Quarantine]:
        found = open_source(source, chosen, query=query, header=chosen.header if role == "log" else None)
        quarantines.append(Quarantine(found.label))
        return found, quarantines[-1]

    def entities(role: str, path: str | Path | None, query: str | None) -> Entities | None:
        if path is None and query is None:
            return None
        source, quarantine = opened(role, log if path is None else path, query)
        read, named = (read_items, chosen.item_columns) if role == "items" else (read_users, chosen.user_columns)
        found = read(source, named, quarantine, chosen.max_rejected)
        record["sources"][role] = _source_record(source, quarantine, found)
        return found

    source, quarantine = opened("log", log, chosen.query)
    catalogue = entities("items", items, chosen.items_query)
    people = entities("users", users, chosen.users_query)
    now = time.time() if chosen.now is None else chosen.now
    rule = TimeRule(chosen.time_unit, now)
    events = read_log(source, dict(chosen.log_columns), rule, quarantine, chosen.max_rejected)
    record["sources"] = {"log": _source_record(source, quarantine, events), **record["sources"]}
    record |= {"time": events.time, "repeats": count_repeats(events.table)}
    record |= {"gap_like_ids": {c: looks_like_gap(events.table[c]) for c in ("user_id", "item_id")}}
    table, record["core"] = filter_core(events.table, chosen)
    listed = _kept(catalogue, "item_id", table, drop=not _keep_cold(chosen))
    known = _kept(people, "user_id", table, drop=chosen.min_user > 1 or chosen.min_item > 1)
    real = events.real_times
    events.table = table.clear()  # the table itself is handed on: hold no second reference to it
    refused = [quarantine.table() for quarantine in quarantines if quarantine.rejected]
    return write_tidy(
        folder,
        table,
        listed,
        known,
        name=name or folder.resolve().name,
        real_times=real,
        extra={"import": record},
        rejected=pl.concat(refused) if refused else None,
    )


def check_target(folder: Path, *, force: bool) -> None:
    """Refuses to write into a folder that holds something else than an import.

    Raises:
        DataError: If the target is a file, or a non-empty folder without a manifest and ``force`` is not given.
    """
    if folder.is_dir():
        if force or (folder / MANIFEST).is_file() or not any(folder.iterdir()):
            return
        raise DataError(
            f"the folder {str(folder)!r} holds other things than an import",
            where=str(folder),
            allowed="a new or empty folder, or an earlier import, which is then replaced",
            mend="give another --out, or --force to write beside what is there",
        )
    if folder.exists() or folder.is_symlink():
        raise DataError(f"{str(folder)!r} is not a folder", allowed="a folder", mend="give another --out")


def _keep_cold(options: ImportOptions) -> bool:
    if options.cold_items is not None:
        return options.cold_items
    return options.min_user <= 1 and options.min_item <= 1


def _kept(entities: Entities | None, key: str, table: pl.DataFrame, *, drop: bool) -> pl.DataFrame | None:
    """The items or users, without those that have no interaction where ``drop``."""
    if entities is None or not drop:
        return None if entities is None else entities.table
    return entities.table.join(
        table.select(pl.col(key).unique().cast(pl.String)), on=key, how="semi", maintain_order="left"
    )


def _source_record(source: Source, quarantine: Quarantine, found: Log | Entities) -> dict[str, Any]:
    return {
        "source": source.label,
        **source.facts,
        "columns": found.roles,
        "renamed": found.renamed,
        "accepted": quarantine.accepted,
        "rejected": quarantine.rejected,
        "reasons": dict(quarantine.counts.most_common()),
        "trimmed_ids": found.trimmed,
    }
