"""The data set that a run is given, and the split that its config asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from foretaste.core.errors import unknown
from foretaste.core.paths import existing_folder
from foretaste.data.column_split import column_split
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split, global_time, leave_one_out


def open_dataset(folder: str | Path) -> Dataset:
    """Reads a data folder.

    Raises:
        DataError: If there is none; names the nearest folder that is there.
    """
    allowed = "a folder with interactions.parquet, as `foretaste data import` writes it"
    return Dataset.load(existing_folder(folder, "data folder", allowed=allowed, mend="import the log first"))


def make_split(dataset: Dataset, kind: str) -> Split:
    """Training part and targets.

    Args:
        dataset: What to split.
        kind: ``leave-one-out``, ``time`` or ``column``.
    """
    if kind == "leave-one-out":
        return leave_one_out(dataset.sequences, real_times=dataset.real_times)
    if kind == "time":
        times = dataset.sequences.times if dataset.real_times else None
        return global_time(replace(dataset.sequences, times=times))
    if kind == "column":
        return column_split(dataset)
    raise unknown("split", kind, ("leave-one-out", "time", "column"))
