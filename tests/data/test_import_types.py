"""Columns of every type in every role: converted, refused row by row, or refused with a clear error."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from foretaste.core.errors import ForetasteError
from foretaste.data.dataset import Dataset
from foretaste.data.importing.attributes import as_first, as_list, as_price, as_text
from foretaste.data.importing.infer import infer_text
from foretaste.data.importing.options import ImportOptions
from foretaste.data.importing.run import import_data

TYPES: dict[str, Any] = {
    "list": [[1], [2]],
    "nested list": [[["a"], ["b"]], None],
    "struct": [{"a": 1}, {"a": 2}],
    "list of structs": [[{"a": 1}], []],
    "boolean": [True, None],
    "time of day": [dt.time(1, 2), None],
    "duration": [dt.timedelta(1), None],
    "decimal": pl.Series(["1400000000.5", "1400000001"]).cast(pl.Decimal(20, 2)),
    "bytes": [b"\xff", b"1"],
    "null": pl.Series([None, None], dtype=pl.Null),
    "unsigned": pl.Series([2**63 + 5, 1], dtype=pl.UInt64),
    "wide": pl.Series([1_400_000_000, 5]).cast(pl.Int128),
    "category": pl.Series(["1400000000", "2014-01-01"], dtype=pl.Categorical),
    "float": pl.Series([1.4e9, float("inf")], dtype=pl.Float32),
    "array": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int64, 2)),
    "datetime": [dt.datetime(2014, 5, 13), dt.datetime(1969, 1, 1)],
}
LOG = {"user": ["a", "b"], "item": ["x", "y"]}


def accounts(log: pl.DataFrame, items: pl.DataFrame | None, folder: Path) -> None:
    """Both rows are accepted or refused, and what was written can be opened."""
    log.write_parquet(folder / "log.parquet")
    if items is not None:
        items.write_parquet(folder / "items.parquet")
    catalogue = None if items is None else folder / "items.parquet"
    options = ImportOptions(max_rejected=1.0)
    try:
        manifest = import_data(folder / "log.parquet", catalogue, out=folder / "out", options=options)
    except ForetasteError as error:
        if "no row can be used" not in error.what:
            raise
        return
    for source in manifest["import"]["sources"].values():
        assert source["accepted"] + source["rejected"] == 2
    assert Dataset.load(folder / "out").sequences.total == manifest["stats"]["interactions"]


@pytest.mark.parametrize("role", ["user", "timestamp", "rating", "attribute"])
@pytest.mark.parametrize("kind", TYPES)
def test_a_column_of_any_type_in_a_log(kind: str, role: str, tmp_path: Path) -> None:
    accounts(pl.DataFrame({**LOG, role: TYPES[kind]}), None, tmp_path)


@pytest.mark.parametrize("kind", TYPES)
def test_a_column_of_any_type_in_a_catalogue(kind: str, tmp_path: Path) -> None:
    roles = ("title", "brand", "categories", "price", "description", "image", "attribute")
    accounts(pl.DataFrame(LOG), pl.DataFrame({"item": ["x", "y"], **dict.fromkeys(roles, TYPES[kind])}), tmp_path)


def test_keys_of_any_name_become_columns(tmp_path: Path) -> None:
    names = [
        "",
        " ",
        "\0",
        "position",
        "timestamp_source",
        "item_id ",
        "line\nbreak",
        "é",
        "x" * 5000,
        "a.b",
        "^.*$",
        "*",
    ]
    rows = [
        {"user_id": "u", "item_id": f"i{n}", "timestamp": 1_400_000_000, **dict.fromkeys(names, n)} for n in range(3)
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    import_data(tmp_path / "log.jsonl", out=tmp_path / "out")
    table = pl.read_parquet(tmp_path / "out" / "interactions.parquet")
    kept = {"": "nameless", "position": "position_source"}
    assert all(table[kept.get(name, name)].to_list() == [0, 1, 2] for name in names)


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1", "", "-20"], [1, None, -20]),
        (["1", "007"], ["1", "007"]),
        (["+1", "2"], ["+1", "2"]),
        (["1.5", "2", "1e3"], [1.5, 2.0, 1000.0]),
        (["1.5", "00.5"], ["1.5", "00.5"]),
        (["True", "false", None], [True, False, None]),
        (["true", "1"], ["true", "1"]),
        (["9223372036854775808", "1"], ["9223372036854775808", "1"]),
        (["1", "x"], ["1", "x"]),
        (["", None], [None, None]),
    ],
)
def test_text_shows_its_type_without_losing_a_digit(texts: list[str | None], values: list[object]) -> None:
    assert infer_text(pl.Series("x", texts, dtype=pl.String)).to_list() == values


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("12.99", 12.99),
        ("$1,299.00", 1299.0),
        ("12 EUR", 12.0),
        ("€3", 3.0),
        ("$1.00 - $2.00", None),
        ("from $3 to $4", None),
        ("1,5", None),
        ("free", None),
        ("-3", None),
        ("", None),
    ],
)
def test_prices(text: str, price: float | None) -> None:
    assert as_price(pl.Series("price", [text])).to_list() == [price]


def test_texts_and_lists() -> None:
    parts = pl.Series("x", [["a", None, " b "], [], None], dtype=pl.List(pl.String))
    assert as_text(parts).to_list() == ["a b", None, None]
    assert as_first(parts).to_list() == ["a", None, None]
    assert as_list(parts).to_list() == [["a", "b"], None, None]
    notations = pl.Series("x", ["A|B| |A", "['a', ['b']]", '["a", null]', "[broken", "a, b; c", ""])
    assert as_list(notations).to_list() == [["A", "B"], ["a", "b"], ["a"], ["[broken"], ["a, b; c"], None]
