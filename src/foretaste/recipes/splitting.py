"""The split that a run's config asks for."""

from __future__ import annotations

from dataclasses import replace

from foretaste.core.errors import unknown
from foretaste.data.column_split import column_split
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split, global_time, leave_one_out


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
