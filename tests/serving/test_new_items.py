"""New items from files of every kind, and on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from foretaste.cli.main import run
from foretaste.core.errors import DataError
from foretaste.recipes.train import train_run
from foretaste.serving.new_items import read_new_items
from texts_fakes import shop_items, write_shop

ROWS = [item for item in shop_items() if item["item_id"] == "k3"]


def write(folder: Path, suffix: str) -> Path:
    table, path = pl.DataFrame(ROWS), folder / f"new{suffix}"
    {".parquet": table.write_parquet, ".csv": table.write_csv, ".jsonl": table.write_ndjson, ".json": table.write_json}[
        suffix
    ](path)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl", ".json"])
def test_every_kind_of_file_is_read(tmp_path: Path, suffix: str) -> None:
    assert read_new_items(write(tmp_path, suffix)).to_dicts() == ROWS


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_text("words")
    for name in ("new.xlsx", "nothing.csv", "broken.parquet"):
        with pytest.raises(DataError):
            read_new_items(tmp_path / name)


def test_the_command_line_takes_them_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_shop(tmp_path / "shop", without=["k3"])
    train_run("textknn", tmp_path / "shop", tmp_path / "run", ["text.encoder=tfidf", "text.tfidf.max_share=1"])
    asked = ["recommend", str(tmp_path / "run"), "--history", "k1,k3", "-k", "3", "--json"]
    assert run([*asked, "--new-items", str(write(tmp_path, ".csv"))]) == 0
    out = capsys.readouterr()
    assert [found["item_id"][0] for found in json.loads(out.out)] == ["k"] * 3
    assert "unknown" not in out.err
    assert run([*asked, "--strict"]) == 2
