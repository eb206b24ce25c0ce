"""`foretaste text preview` on a small market."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from foretaste.cli.main import run
from foretaste.data.simulate import MarketConfig, simulate, write_market
from foretaste.text.prompts import read_spec


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    write_market(simulate(MarketConfig(users=60, items=80, impression_share=0.0)), folder)
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> Any:
    assert run(["text", "preview", *map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out if code == 0 else "null")


def test_items_in_figures_and_examples(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "--data", market, "-n", 3)
    assert (found["kind"], found["count"], len(found["examples"])) == ("items", 80, 3)
    assert [use["column"] for use in found["columns"] if use["used"]][:2] == ["title", "brand"]
    assert all(use["reason"] for use in found["columns"])
    assert found["mean_clauses"] == 5
    assert 0 < found["mean_chars"] <= found["max_chars"]
    for example in found["examples"]:
        assert example["text"] == found["spec"]["instruction"] + "\n" + "; ".join(example["clauses"])
    assert run(["text", "preview", "--data", str(market), "-n", "1"]) == 0
    text = capsys.readouterr().out
    for part in ("title is", "listed_at", found["fingerprint"], "80 items"):
        assert part in text


def test_a_written_specification_is_taken_again(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prompt.toml"
    made = told(capsys, "--data", market, "--write", file)
    again = told(capsys, "--data", market, "--prompt", file)
    assert again == made
    spec = read_spec(file)
    assert spec.fingerprint == made["fingerprint"]
    file.write_text('[[fields]]\ncolumn = "brand"\n')
    less = told(capsys, "--data", market, "--prompt", file)
    reasons = {use["column"]: use["reason"] for use in less["columns"] if not use["used"]}
    assert reasons["title"] == "not named by the specification"
    assert less["distinct"] < 80
    file.write_text('[[fields]]\ncolumn = "brnd"\n')
    assert run(["text", "preview", "--data", str(market), "--prompt", str(file)]) == 2
    assert "did you mean 'brand'" in capsys.readouterr().err


def test_a_specification_is_not_overwritten(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "prompt.toml"
    file.write_text("# mine")
    assert run(["text", "preview", "--data", str(market), "--write", str(file)]) == 2
    assert "stands there already" in capsys.readouterr().err
    assert file.read_text() == "# mine"


def test_users(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "--data", market, "--users", "-n", 2)
    assert (found["kind"], found["count"], len(found["examples"])) == ("users", 60, 2)
    file = tmp_path / "prompt.toml"
    file.write_text('[[fields]]\ncolumn = "title"\n[user]\nmax_chars = 150\n')
    assert told(capsys, "--data", market, "--users", "--prompt", file)["max_chars"] <= 150
