"""From a source's files to the tidy form: batches go to disk, and only what is kept comes back into memory."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from foretaste.core.errors import DataError
from foretaste.core.progress import say
from foretaste.data.sources.bars import byte_bar
from foretaste.data.sources.rejects import Rejects
from foretaste.data.sources.selection import Selection, Staged, select, stage
from foretaste.data.sources.source import Files, Source
from foretaste.data.tidy import write_tidy


def convert(
    source: Source, files: Files, out: Path, selection: Selection, provenance: dict[str, Any]
) -> dict[str, Any]:
    """Writes a tidy folder from a source's files.

    Args:
        source: Which source.
        files: Its files by role; the catalogue's may be missing when it is not wanted.
        out: The folder to write; on failure it is as it was.
        selection: What is kept.
        provenance: Facts about the files, for the manifest.

    Returns:
        The manifest.

    Raises:
        DataError: If the files are damaged or of another format, or nothing is left.
    """
    rejects = Rejects()
    with _workplace(out) as work:
        with byte_bar(f"reading {source.name}") as advance:
            staged = stage(source.reader.log(files, rejects, advance), work, selection.reviews)
        if not staged.rows:
            raise _nothing(
                source, f"none of {len(rejects):,} lines of the log can be used" if len(rejects) else "the log is empty"
            )
        table, counts = select(staged, selection)
        if not table.height:
            raise _nothing(source, f"no interaction of {staged.rows:,} is left after --min-rating and --kcore")
        table = _in_seconds(table, source.per_second)
        items, twice = _items(source, files, table, selection, rejects, work)
    users = _users(source, files, table, rejects)
    if len(rejects):
        reasons = "; ".join(f"{why}: {n:,}" for why, n in rejects.counts.most_common(5))
        say(f"{len(rejects):,} lines refused and kept in rejected.parquet ({reasons})")
    facts = {"log_rows": staged.rows, **counts, "items_listed_twice": twice, **_refused(rejects)}
    return write_tidy(
        out,
        table,
        items,
        users,
        name=source.name,
        real_times=True,
        extra={**_origin(source, provenance), "conversion": facts},
        rejected=rejects.table() if len(rejects) else None,
    )


def _origin(source: Source, provenance: dict[str, Any]) -> dict[str, Any]:
    about = {"about": source.about, "home": source.home, "terms": source.terms, "subset": source.subset}
    return {
        "source": {**about, **provenance},
        "time_resolution": source.resolution,
        "tie_order": "order of the source's file",
    }


def _refused(rejects: Rejects) -> dict[str, Any]:
    return {"lines_refused": len(rejects), "reasons": dict(rejects.counts.most_common())}


def _in_seconds(table: pl.DataFrame, per_second: int) -> pl.DataFrame:
    """Times in seconds; finer ones order the rows before they are cut."""
    if per_second == 1:
        return table
    return table.sort("timestamp", maintain_order=True).with_columns(pl.col("timestamp") // per_second)


def _items(
    source: Source, files: Files, table: pl.DataFrame, selection: Selection, rejects: Rejects, work: Path
) -> tuple[pl.DataFrame | None, int]:
    """The catalogue, each item once, and how many lines told of an item again."""
    if not selection.items:
        return None, 0
    wanted = None if selection.cold_items else frozenset(table["item_id"].unique().to_list())
    with byte_bar("reading the catalogue") as advance:
        staged: Staged = stage(source.reader.items(files, wanted, rejects, advance), work, True)
    found = staged.read()
    if not found.height:
        return None, 0
    once = found.unique("item_id", keep="first", maintain_order=True)
    known = [name for name in once.columns if once[name].null_count() < once.height]
    return once.select(known), found.height - once.height


def _users(source: Source, files: Files, table: pl.DataFrame, rejects: Rejects) -> pl.DataFrame | None:
    people = source.reader.users(files, rejects)
    return None if people is None else people.join(table.select("user_id").unique(), on="user_id", how="semi")


@contextmanager
def _workplace(out: Path) -> Iterator[Path]:
    """An empty folder beside ``out``, on the same disk; what a killed conversion left there is removed."""
    work = out.with_name(f".{out.name}.work")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        lock = out.with_name(f".{out.name}.lock").open("w")
    except OSError as error:
        raise DataError(
            f"the folder {str(out.parent)!r} cannot be written: {error.strerror or error}",
            where="--out",
            allowed="a folder that you may write",
            mend="choose another --out",
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataError(
                f"another process is writing {str(out)!r}",
                where="--out",
                allowed="one conversion into a folder at a time",
                mend="wait for it, or choose another --out",
            ) from error
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
            Path(lock.name).unlink(missing_ok=True)


def _nothing(source: Source, why: str) -> DataError:
    return DataError(
        f"nothing to write: {why}",
        where=source.name,
        allowed="at least one interaction",
        mend="choose a lower --min-rating or --kcore, or another subset",
    )
