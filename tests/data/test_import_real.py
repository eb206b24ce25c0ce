"""Importing the real data sets gives the statistics and the order that stand in their own records."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from foretaste.data.dataset import Dataset
from foretaste.data.importing.run import import_data

ROOT = Path(os.environ.get("FORETASTE_DATA", ""))
SETS = ("amazon_beauty", "amazon_gift_cards", "movielens_100k", "movielens_1m_ctr")


@pytest.mark.data
@pytest.mark.skipif("FORETASTE_DATA" not in os.environ, reason="FORETASTE_DATA is not set: no real data to import")
@pytest.mark.parametrize("name", SETS)
def test_the_statistics_and_the_order_survive_an_import(name: str, tmp_path: Path) -> None:
    folder = ROOT / name
    users = folder / "users.parquet"
    tables = folder / "interactions.parquet", folder / "items.parquet", users if users.is_file() else None
    manifest = import_data(*tables, out=tmp_path / "out")
    recorded = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    shared = {key for key in recorded["stats"] if key in manifest["stats"]} - {"item_fields_of_interacted_items"}
    assert len(shared) >= 9
    assert {key: manifest["stats"][key] for key in shared} == {key: recorded["stats"][key] for key in shared}
    assert recorded["timestamp"].startswith(manifest["timestamp"])
    before, after = Dataset.load(folder), Dataset.load(tmp_path / "out")
    assert list(after.users) == list(before.users)
    assert list(after.items) == list(before.items)
    np.testing.assert_array_equal(after.sequences.items, before.sequences.items)
    np.testing.assert_array_equal(after.sequences.starts, before.sequences.starts)
