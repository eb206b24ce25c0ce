"""Item vectors leave as a plain table and come back as ready vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fakes import FakeConfig, FakeTrainer
from foretaste.cli.main import run as command
from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.recipes.exporting import ItemTable, export_run, write_item_table
from foretaste.recipes.saving import save_model
from foretaste.text.encoders.ready import open_ready

pytestmark = pytest.mark.usefixtures("fake_recipe")


@pytest.fixture
def model(tmp_path: Path, tidy: Path) -> tuple[Path, FakeTrainer, Dataset]:
    data = Dataset.load(tidy)
    network = FakeTrainer(data.num_items, 4)
    save_model(tmp_path / "run" / "model", "fake", FakeConfig(), network, data, leave_one_out(data.sequences))
    return tmp_path / "run", network, data


@pytest.mark.parametrize("suffix", [".npy", ".safetensors", ".parquet"])
def test_the_table_comes_back_row_by_row(model: tuple[Path, FakeTrainer, Dataset], suffix: str, tmp_path: Path) -> None:
    folder, network, data = model
    table, files = export_run(folder, tmp_path / f"items{suffix}")
    assert all(file.is_file() for file in files)
    wanted = list(data.items)[::-1]
    found = open_ready(tmp_path / f"items{suffix}").rows(wanted)
    np.testing.assert_array_equal(found, network.table.detach().numpy()[::-1])
    assert table.ids == list(data.items)


def test_other_formats_and_ids_that_break_lines_are_refused(tmp_path: Path) -> None:
    table = ItemTable(["a\nb", "c"], np.ones((2, 3), dtype=np.float32))
    with pytest.raises(ConfigError, match="none of the formats"):
        write_item_table(table, tmp_path / "items.csv")
    with pytest.raises(ConfigError, match="line break"):
        write_item_table(table, tmp_path / "items.npy")
    write_item_table(table, tmp_path / "items.parquet")
    np.testing.assert_array_equal(open_ready(tmp_path / "items.parquet").rows(["a\nb"]), table.vectors[:1])


def test_the_verb(model: tuple[Path, FakeTrainer, Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["text", "export", str(model[0]), "--out", str(tmp_path / "items.parquet")]) == 0
    assert "18 items, 4 columns" in capsys.readouterr().out
