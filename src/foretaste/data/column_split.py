"""A split that comes with the data: the column ``split`` of the interactions says train, valid or test."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.core.errors import DataError, nearest
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split, Targets

PARTS = {"train": 0, "valid": 1, "validation": 1, "val": 1, "test": 2}


def column_split(dataset: Dataset) -> Split:
    """Trains on the rows marked train; each user's first valid row and first test row are the targets.

    A target's history is everything before it in the user's sequence. So a user's training rows must come before the
    user's valid rows, and those before the test rows.

    Raises:
        DataError: If the column is missing, has other values, or is out of order within a user.
    """
    marks = _marks(dataset)
    sequences = dataset.sequences
    owners = sequences.owners()
    _refuse_disorder(dataset, marks, owners)
    counts = [np.bincount(owners[marks == part], minlength=len(sequences)).astype(np.int64) for part in (0, 1, 2)]
    train, before_test = counts[0], counts[0] + counts[1]
    valid = np.flatnonzero((counts[1] > 0) & (train > 0)).astype(np.int64)
    test = np.flatnonzero((counts[2] > 0) & (before_test > 0)).astype(np.int64)
    if not len(valid) or not len(test):
        raise DataError(
            f"the column split gives {len(valid)} validation and {len(test)} test targets with a history",
            where=str(dataset.folder / "interactions.parquet"),
            allowed="at least one user with training rows and a valid row, and one with a test row",
            mend="use split=leave-one-out or split=time",
        )
    unused = int(np.maximum(counts[1] - 1, 0).sum() + np.maximum(counts[2] - 1, 0).sum())
    protocol: dict[str, Any] = {
        "split": "column",
        "evaluated_users": len(test),
        "excluded_users": int(len(sequences) - len(test)),
    }
    warnings = () if not unused else (f"{unused} valid and test rows are not a user's first, and are only history",)
    return Split(
        sequences.first(train),
        Targets.at(sequences, valid, train[valid]),
        Targets.at(sequences, test, before_test[test]),
        protocol,
        warnings,
    )


def _marks(dataset: Dataset) -> NDArray[np.int64]:
    """0 train, 1 valid, 2 test beside each item of the sequences."""
    file = dataset.folder / "interactions.parquet"
    columns = pl.scan_parquet(file).collect_schema().names()
    if "split" not in columns:
        guess = nearest("split", columns)
        raise DataError(
            "split=column needs a column split in interactions.parquet, and there is none",
            where=str(file),
            allowed="a column split with train, valid and test; found: " + ", ".join(columns),
            mend=f"rename {guess!r} to split" if guess else "use split=leave-one-out or split=time",
        )
    order = [name for name in ("position", "timestamp") if name in columns][:1]
    table = dataset.interactions(["user_id", "split", *order])
    rows = pl.DataFrame({"user_id": list(dataset.users)}).with_row_index("dense")
    keyed = table.with_columns(pl.col("user_id").cast(pl.String)).join(
        rows, on="user_id", how="left", maintain_order="left"
    )
    parts = keyed.sort("dense", *order, maintain_order=True)["split"].cast(pl.String).str.to_lowercase()
    strange = parts.filter(~parts.is_in(list(PARTS)) | parts.is_null())
    if len(strange):
        raise DataError(
            f"the column split holds {strange[0]!r} and {len(strange) - 1} more rows that name no part",
            where=str(file),
            allowed="train, valid, test",
            mend="mark every row with one of the three",
        )
    marks: NDArray[np.int64] = parts.replace_strict(PARTS, return_dtype=pl.Int64).to_numpy()
    return marks


def _refuse_disorder(dataset: Dataset, marks: NDArray[np.int64], owners: NDArray[np.int64]) -> None:
    back = np.flatnonzero((np.diff(marks) < 0) & (owners[1:] == owners[:-1]))
    if len(back):
        user = dataset.users[int(owners[back[0]])]
        names = ("train", "valid", "test")
        raise DataError(
            f"user {user!r} has a {names[marks[back[0] + 1]]} row after a {names[marks[back[0]]]} row",
            where="column split of interactions.parquet",
            allowed="for every user first the train rows, then valid, then test, in order of time",
            mend="use split=leave-one-out or split=time, or correct the column",
        )
