"""Folders that are not there are answered with the nearest that is."""

from __future__ import annotations

from pathlib import Path

import pytest

from foretaste.core.errors import ArtefactError, DataError
from foretaste.core.paths import existing_folder, nearest_path


def test_a_folder_that_is_there_comes_back(tmp_path: Path) -> None:
    assert existing_folder(str(tmp_path), "run") == tmp_path


def test_misspelt_parents_and_names_are_both_found(tmp_path: Path) -> None:
    (tmp_path / "runs" / "sasrec-beauty").mkdir(parents=True)
    assert nearest_path(tmp_path / "rnus" / "sasrec-beuaty") == tmp_path / "runs" / "sasrec-beauty"
    with pytest.raises(ArtefactError) as caught:
        existing_folder(tmp_path / "rnus" / "sasrec-beuaty", "run", error=ArtefactError)
    assert "sasrec-beauty" in caught.value.mend


def test_nothing_near_keeps_the_general_advice(tmp_path: Path) -> None:
    (tmp_path / "apples").mkdir()
    with pytest.raises(DataError) as caught:
        existing_folder(tmp_path / "zzz", "data folder", mend="import the log first")
    assert caught.value.mend == "import the log first"


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("")
    with pytest.raises(DataError, match="is a file"):
        existing_folder(tmp_path / "log.csv", "data folder")
