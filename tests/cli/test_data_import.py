"""``foretaste data import`` from the shell: one report or one JSON object, and mistakes answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from foretaste.cli.main import run

ROWS = "reviewerID,asin,overall,unixReviewTime\nu1,i1,5,1400000000\nu1,i2,4,1400000001\n"


def test_the_report_says_what_was_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.csv").write_text(ROWS + "u2,,1,1400000000\n")
    code = run(["data", "import", str(tmp_path / "log.csv"), "--out", str(tmp_path / "out"), "--max-rejected", "0.5"])
    out = capsys.readouterr().out
    assert code == 0
    assert "user ← reviewerID, item ← asin, time ← unixReviewTime, rating ← overall" in out
    assert "missing item id 1" in out
    assert "1 users, 2 items" in out


def test_json_is_one_object_on_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.tsv").write_text(ROWS.replace(",", "\t"))
    out = str(tmp_path / "shop")
    assert run(["data", "import", str(tmp_path / "log.tsv"), "--out", out, "--name", "s", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["folder"], answer["name"], answer["stats"]["interactions"]) == (out, "s", 2)


def test_a_misspelt_column_is_answered_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.csv").write_text(ROWS)
    code = run(
        ["data", "import", str(tmp_path / "log.csv"), "--out", str(tmp_path / "o"), "--user", "reviewerId", "--json"]
    )
    assert code == 2
    captured = capsys.readouterr()
    assert "reviewerID" in captured.out + captured.err
    assert not (tmp_path / "o").exists()


def test_two_thresholds_make_a_core(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.csv").write_text(ROWS + "u2,i1,1,1400000000\nu3,i9,1,1400000000\n")
    arguments = ["--kcore", "2", "--min-user", "1", "--kcore-mode", "single-pass", "--json"]
    assert run(["data", "import", str(tmp_path / "log.csv"), "--out", str(tmp_path / "o"), *arguments]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["stats"]["users"], answer["stats"]["items_interacted"]) == (2, 1)
