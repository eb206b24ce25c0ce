"""The tidy form: what is written, in which order, and that it is whole or not there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretaste.core.errors import DataError
from foretaste.data.csr_cache import read_csr
from foretaste.data.dataset import Dataset
from foretaste.data.tidy import write_tidy
from foretaste.data.tidy_order import dense_codes
from foretaste.data.tidy_tables import ITEM_COLUMNS

LOG = pl.DataFrame(
    {
        "user_id": ["b", "a", "b", "a", "b"],
        "item_id": ["y", "x", "x", "x", "z"],
        "timestamp": [30, 5, 10, 5, 30],
        "rating": [1.0, 2.0, 3.0, 4.0, 5.0],
    }
)
ITEMS = pl.DataFrame(
    {"item_id": ["x", "w", "y"], "title": ["An x", None, "Two words here"], "colour": ["red", "blue", None]}
)


def write(out: Path, log: pl.DataFrame = LOG, items: pl.DataFrame | None = ITEMS) -> dict[str, object]:
    return write_tidy(out, log, items, None, name="shop", real_times=True)


def test_rows_stand_user_by_user_in_time_with_ties_in_source_order(tmp_path: Path) -> None:
    write(tmp_path / "d")
    table = pl.read_parquet(tmp_path / "d" / "interactions.parquet")
    assert table.columns[:4] == ["user_id", "item_id", "position", "timestamp"]
    assert table["user_id"].to_list() == ["b", "b", "b", "a", "a"]
    assert table["item_id"].to_list() == ["x", "y", "z", "x", "x"]
    assert table["position"].to_list() == [0, 1, 2, 0, 1]
    assert table["rating"].to_list() == [3.0, 1.0, 5.0, 2.0, 4.0]


def test_statistics_and_digests_are_those_of_the_files(tmp_path: Path) -> None:
    manifest = write(tmp_path / "d")
    assert manifest == json.loads((tmp_path / "d" / "manifest.json").read_text())
    stats = manifest["stats"]
    assert isinstance(stats, dict)
    assert (stats["users"], stats["items_interacted"], stats["items_listed"], stats["interactions"]) == (2, 3, 4, 5)
    assert (stats["duplicate_user_item_pairs"], stats["users_with_repeats"], stats["items_without_attributes"]) == (
        1,
        1,
        1,
    )
    assert stats["item_fields_of_interacted_items"]["title"] == {"missing": 0, "distinct": 2, "mean_words": 2.5}
    assert manifest["timestamp"] == "unix_seconds"
    assert Dataset.load(tmp_path / "d").fingerprint == manifest["fingerprint"]


def test_the_catalogue_has_the_seven_columns_and_keeps_its_own(tmp_path: Path) -> None:
    write(tmp_path / "d")
    items = pl.read_parquet(tmp_path / "d" / "items.parquet")
    assert items.columns == [*ITEM_COLUMNS, "colour"]
    assert items.schema["categories"] == pl.List(pl.String)
    assert items["price"].null_count() == items.height == 3


def test_without_times_the_order_of_the_rows_counts(tmp_path: Path) -> None:
    write_tidy(tmp_path / "d", LOG.drop("timestamp"), None, None, name="n", real_times=False)
    table = pl.read_parquet(tmp_path / "d" / "interactions.parquet")
    assert table["item_id"].to_list() == ["y", "x", "z", "x", "x"]
    assert table["timestamp"].to_list() == table["position"].to_list()
    assert not Dataset.load(tmp_path / "d").real_times


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyzw"), st.integers(0, 3)), min_size=1, max_size=30)
)
def test_the_mapped_arrays_say_what_the_tables_say(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("tidy") / "d"
    log = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    write(folder, log)
    fast = Dataset.load(folder)
    assert isinstance(fast.sequences.items.base, np.memmap) or isinstance(fast.sequences.items, np.memmap)
    (folder / "csr" / "digest.json").unlink()
    slow = Dataset.load(folder)
    assert list(fast.users) == list(slow.users)
    assert list(fast.items) == list(slow.items)
    for name in ("items", "starts", "lengths", "times"):
        np.testing.assert_array_equal(getattr(fast.sequences, name), getattr(slow.sequences, name))
    assert fast.catalogue.equals(slow.catalogue)


def test_a_cache_of_other_tables_or_a_damaged_one_is_ignored(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    manifest = write(folder)
    digest = str(manifest["fingerprint"])
    assert read_csr(folder, digest) is not None
    assert read_csr(folder, "other") is None
    (folder / "csr" / "items.npy").write_bytes(b"\x93NUMPY\x01\x00")
    assert read_csr(folder, digest) is None
    assert Dataset.load(folder).sequences.total == LOG.height


def test_writing_again_replaces_the_tables_and_leaves_strangers_alone(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    write_tidy(folder, LOG, ITEMS, LOG.select("user_id").unique(), name="one", real_times=True)
    (folder / "notes.txt").write_text("mine")
    write_tidy(folder, LOG.head(2), None, None, name="two", real_times=True)
    assert sorted(p.name for p in folder.iterdir()) == ["csr", "interactions.parquet", "manifest.json", "notes.txt"]
    assert Dataset.load(folder).sequences.total == 2
    assert [p.name for p in tmp_path.iterdir()] == ["d"], "no staging folder is left behind"


@pytest.mark.parametrize(
    ("log", "items"),
    [
        (LOG.drop("item_id"), None),
        (LOG.with_columns(user_id=pl.lit(None, pl.String)), None),
        (LOG, pl.concat([ITEMS, ITEMS])),
    ],
)
def test_gaps_and_doubles_are_refused_and_nothing_is_written(
    tmp_path: Path, log: pl.DataFrame, items: pl.DataFrame | None
) -> None:
    with pytest.raises(DataError):
        write(tmp_path / "d", log, items)
    assert not list(tmp_path.iterdir())


@settings(deadline=None)
@given(st.lists(st.text(max_size=3), max_size=40))
def test_codes_number_ids_by_first_appearance(raw: list[str]) -> None:
    codes, known = dense_codes(pl.Series("id", raw, dtype=pl.String))
    assert known.to_list() == list(dict.fromkeys(raw))
    assert [known[int(c)] for c in codes] == raw


@pytest.mark.parametrize(
    ("kind", "real"), [("unix_seconds (day resolution)", True), ("unix_seconds", True), ("ordinal", False)]
)
def test_a_remark_behind_the_kind_of_times_does_not_hide_it(tmp_path: Path, kind: str, real: bool) -> None:
    LOG.write_parquet(tmp_path / "interactions.parquet")
    (tmp_path / "meta.json").write_text(json.dumps({"timestamp": kind}))
    assert Dataset.load(tmp_path).real_times is real
