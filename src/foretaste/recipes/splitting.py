"""The data set that a run is given, and the split that its config asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from foretaste.core.errors import DataError, unknown
from foretaste.core.paths import existing_folder
from foretaste.data.column_split import column_split
from foretaste.data.dataset import Dataset
from foretaste.data.ratio_split import ratio_split
from foretaste.data.split import Split, global_time, leave_one_out

SPLITS = ("leave-one-out", "time", "column", "ratio", "ratio-chronological")


def open_dataset(folder: str | Path) -> Dataset:
    """Reads a data folder.

    Raises:
        DataError: If there is none, naming the nearest folder that is there; or if a file in it is damaged.
    """
    allowed = "a folder with interactions.parquet, as `foretaste data import` writes it"
    path = existing_folder(
        folder, "data folder", allowed=allowed, mend="import the log first: foretaste data import LOG --out DIR"
    )
    try:
        return Dataset.load(path)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise DataError(
            f"the data set cannot be read: {str(error).splitlines()[0]}",
            where=str(path),
            allowed="parquet tables in the tidy form, and a manifest in JSON",
            mend="import the log again",
        ) from error


def make_split(dataset: Dataset, kind: str) -> Split:
    """Training part and targets.

    Args:
        dataset: What to split.
        kind: One of :data:`SPLITS`.
    """
    if kind == "leave-one-out":
        return leave_one_out(dataset.sequences, real_times=dataset.real_times)
    if kind == "time":
        times = dataset.sequences.times if dataset.real_times else None
        return global_time(replace(dataset.sequences, times=times))
    if kind == "column":
        return column_split(dataset)
    if kind in ("ratio", "ratio-chronological"):
        return ratio_split(dataset.sequences, chronological=kind == "ratio-chronological")
    raise unknown("split", kind, SPLITS)
