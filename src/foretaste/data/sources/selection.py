"""What of a log is kept: by rating, by k-core; the log lies in parquet parts on disk while that is decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.core.errors import DataError
from foretaste.data.kcore import iterated_core, single_pass_core
from foretaste.data.sources.bars import size_text
from foretaste.data.tidy_order import dense_codes

TEXTS = ("review_title", "review_text")
CORES = {"iterated": iterated_core, "single-pass": single_pass_core}
COPIES = 3
"""How many times its own size a table takes while it is sorted and written."""


@dataclass(frozen=True)
class Selection:
    """What of a source is kept.

    Attributes:
        min_rating: Lowest rating that counts as an interaction, or None for all.
        min_user: Interactions that every user must have.
        min_item: Interactions that every item must have.
        core_mode: "iterated" (until both hold) or "single-pass" (counted once); see :mod:`foretaste.data.kcore`.
        reviews: Whether the texts of reviews are kept.
        items: Whether the catalogue is read.
        cold_items: Whether items without an interaction stay in the catalogue.
    """

    min_rating: float | None = None
    min_user: int = 1
    min_item: int = 1
    core_mode: str = "iterated"
    reviews: bool = True
    items: bool = True
    cold_items: bool = False


@dataclass(frozen=True)
class Staged:
    """A table in parts on disk.

    Attributes:
        parts: Its files, in order.
        rows: Rows of all parts.
        memory: Bytes that all parts together would take in memory.
    """

    parts: tuple[Path, ...]
    rows: int
    memory: int

    def read(self, columns: list[str] | None = None) -> pl.DataFrame:
        """The whole table, or some of its columns."""
        frames = [pl.read_parquet(part, columns=columns) for part in self.parts]
        return pl.concat(frames, rechunk=True) if frames else pl.DataFrame()

    def read_rows(self, keep: NDArray[np.bool_]) -> pl.DataFrame:
        """The rows for which ``keep`` (``(rows,)``) holds, part by part."""
        frames, start = [], 0
        for part in self.parts:
            frame = pl.read_parquet(part)
            frames.append(frame.filter(pl.Series(keep[start : start + frame.height])))
            start += frame.height
        return pl.concat(frames, rechunk=True)


_numbers = count()


def stage(batches: Iterable[pl.DataFrame], folder: Path, texts: bool) -> Staged:
    """Writes batches into a folder, without empty ones, and without review texts unless they are wanted."""
    parts: list[Path] = []
    rows = memory = 0
    for batch in batches:
        if not batch.height:
            continue
        frame = batch if texts else batch.drop(name for name in TEXTS if name in batch.columns)
        part = folder / f"{next(_numbers):06}.parquet"
        frame.write_parquet(part, compression="lz4")
        parts.append(part)
        rows += frame.height
        memory += int(frame.estimated_size())
    return Staged(tuple(parts), rows, memory)


def select(log: Staged, selection: Selection) -> tuple[pl.DataFrame, dict[str, int]]:
    """The interactions that are kept, without columns in which nothing is known, and how many went for which reason.

    Raises:
        DataError: If they would not fit into memory.
    """
    keep = np.ones(log.rows, dtype=np.bool_)
    counts = {}
    if selection.min_rating is not None:
        keep = log.read(["rating"])["rating"].to_numpy() >= selection.min_rating
        counts["below_min_rating"] = int(log.rows - keep.sum())
    if selection.min_user > 1 or selection.min_item > 1:
        left = np.flatnonzero(keep)
        inside = _core(log.read(["user_id", "item_id"])[left], selection)
        keep[left[~inside]] = False
        counts["outside_core"] = int(len(left) - inside.sum())
    _require_memory(log, float(keep.mean()) if log.rows else 0.0)
    table = log.read_rows(keep)
    known = [name for name in table.columns if table[name].null_count() < table.height]
    return table.select(known), counts


def _core(pairs: pl.DataFrame, selection: Selection) -> NDArray[np.bool_]:
    users, items = (dense_codes(pairs[name])[0] for name in ("user_id", "item_id"))
    return CORES[selection.core_mode](users, items, min_user=selection.min_user, min_item=selection.min_item)


def _require_memory(log: Staged, share: float) -> None:
    free, needed = _free_memory(), COPIES * log.memory * share
    if free is not None and needed > free:
        raise DataError(
            f"the table needs about {size_text(needed)} of memory while it is written, and {size_text(free)} are free",
            where=f"{log.rows:,} interactions, of which {share:.0%} are kept",
            allowed="a log that fits",
            mend="leave out the review texts with --no-reviews, keep fewer interactions with --kcore or --min-rating, "
            "or take --subset ratings",
        )


def _free_memory() -> int | None:
    """Bytes that a process may still take, as Linux tells it; None elsewhere."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        return None
