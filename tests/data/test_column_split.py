"""A split that the data brings along."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from foretaste.core.errors import DataError
from foretaste.data.column_split import column_split
from foretaste.data.dataset import Dataset

ROWS = {
    "a": ["train", "train", "valid", "test", "test"],
    "b": ["train", "valid", "valid"],
    "c": ["train", "test"],
    "d": ["test"],
    "e": ["train", "train"],
    "f": ["valid", "test"],
}


def data(folder: Path, rows: dict[str, list[str]], **extra: pl.Expr) -> Dataset:
    """One user a key; item ``a0`` is the first of user a, and so on; users are interleaved in the file."""
    folder.mkdir(exist_ok=True)
    flat = [(user, f"{user}{i}", i, part) for user, parts in rows.items() for i, part in enumerate(parts)]
    flat.sort(key=lambda row: (row[2], row[0]))
    table = pl.DataFrame(flat, schema=["user_id", "item_id", "position", "split"], orient="row")
    table.with_columns(**extra).write_parquet(folder / "interactions.parquet")
    return Dataset.load(folder)


def test_first_valid_and_first_test_rows_are_the_targets(tmp_path: Path) -> None:
    dataset = data(tmp_path, ROWS)
    split = column_split(dataset)

    def told(targets: object) -> dict[str, tuple[str, list[str]]]:
        return {
            dataset.users[int(u)]: (dataset.items[int(i)], dataset.items.decode(h))
            for u, i, h in zip(targets.users, targets.items, targets.histories, strict=True)  # type: ignore[attr-defined]
        }

    train = {user: dataset.items.decode(split.train[i]) for i, user in enumerate(dataset.users)}
    assert train == {"a": ["a0", "a1"], "b": ["b0"], "c": ["c0"], "d": [], "e": ["e0", "e1"], "f": []}
    assert told(split.valid) == {"a": ("a2", ["a0", "a1"]), "b": ("b1", ["b0"])}
    assert told(split.test) == {"a": ("a3", ["a0", "a1", "a2"]), "c": ("c1", ["c0"]), "f": ("f1", ["f0"])}
    assert split.protocol == {"split": "column", "evaluated_users": 3, "excluded_users": 3}
    assert "2 valid and test rows" in split.warnings[0]


def test_other_names_of_the_validation_part_are_read(tmp_path: Path) -> None:
    dataset = data(tmp_path, ROWS, split=pl.col("split").replace({"valid": "Validation"}))
    assert len(column_split(dataset).valid) == 2


def test_disorder_unknown_parts_and_a_missing_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="user 'a' has a train row after a test row"):
        column_split(data(tmp_path / "1", {"a": ["train", "test", "train"], "b": ["train", "valid", "test"]}))
    with pytest.raises(DataError, match="'dev'"):
        column_split(data(tmp_path / "2", {"a": ["train", "dev", "test"]}))
    with pytest.raises(DataError) as caught:
        column_split(data(tmp_path / "3", {"a": ["train", "valid", "test"]}, split=pl.lit(None, pl.String)))
    assert "None" in caught.value.what
    folder = tmp_path / "4"
    folder.mkdir()
    pl.DataFrame({"user_id": ["a"], "item_id": ["x"], "splits": ["train"]}).write_parquet(
        folder / "interactions.parquet"
    )
    with pytest.raises(DataError) as caught:
        column_split(Dataset.load(folder))
    assert "'splits'" in caught.value.mend


def test_nobody_to_ask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="0 validation"):
        column_split(data(tmp_path, {"a": ["train", "train", "test"]}))
