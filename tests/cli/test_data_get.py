"""``foretaste data get`` as it is called."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from foretaste.cli.main import run

LOG = [
    {"reviewerID": user, "asin": item, "overall": 5.0, "unixReviewTime": 1369699200 + day * 86400}
    for user in ("ada", "ben", "cleo")
    for day, item in enumerate(("B0TEAPOT", "B0TRIVET", "B0SIEVE"))
]


def test_the_list_names_every_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "get", "--list", "--json"]) == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed["amazon-2014-beauty"]["subsets"] == ["5core", "full", "ratings"]
    assert {"movielens-100k", "amazon-2023-books", "yelp"} <= set(listed)
    assert run(["data", "get", "--list"]) == 0
    assert "amazon-2018-prime-pantry" in capsys.readouterr().out


def test_a_source_from_files_that_are_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reviews_Home_and_Kitchen_5.json.gz").write_bytes(
        gzip.compress("\n".join(json.dumps(record) for record in LOG).encode())
    )
    arguments = ["data", "get", "amazon-2014-home-and-kitchen", "--archive", str(tmp_path), "--no-items"]
    assert run([*arguments, "--out", str(tmp_path / "out"), "--kcore", "3", "--json"]) == 0
    said = capsys.readouterr()
    facts = json.loads(said.out)
    assert facts["stats"]["interactions"] == 9
    assert facts["folder"] == str(tmp_path / "out")
    assert "Terms of use" in said.err


@pytest.mark.parametrize(
    ("arguments", "mended"),
    [
        (["movielens-1n"], "movielens-1m"),
        (["amazon-2014-beauti"], "amazon-2014-beauty"),
        (["amazon-2014-beauty", "--subset", "rating"], "ratings"),
        (["yelp"], "--archive"),
        ([], "--list"),
        (["movielens-1m", "--base-url", "ftp://x"], "--archive"),
        (["movielens-1m", "--kcore-mode", "single"], "single-pass"),
    ],
)
def test_mistakes_are_mended(
    arguments: list[str],
    mended: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["data", "get", *arguments, "--json"]) == 2
    assert mended in json.loads(capsys.readouterr().out)["mend"]
    assert not list(tmp_path.rglob("*.parquet"))
