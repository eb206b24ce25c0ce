"""The verbs over one small run: what they print for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakes import Interruptions, write_tidy
from foretaste.cli.main import run
from foretaste.data.dataset import Dataset


def told(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> Any:
    """The JSON object of a command."""
    assert run([*(str(argument) for argument in arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def read(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    """The text of a command."""
    assert run([str(argument) for argument in arguments]) == code
    return capsys.readouterr().out


@pytest.fixture
def trained(fake_recipe: Interruptions, tidy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    told(capsys, "train", "fake", "--data", tidy, "--out", tmp_path / "runs" / "one", "dim=2")
    return tmp_path / "runs" / "one"


def test_train_ends_with_the_folder_and_the_metrics(
    fake_recipe: Interruptions, tidy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(capsys, "train", "fake", "--data", tidy, "--out", tmp_path / "r", "dim=2", "train.lr=1e-3")
    assert found["run"] == str(tmp_path / "r")
    assert {"hr@10", "ndcg@10"} <= set(found["metrics"])
    assert found["protocol"]["split"] == "leave-one-out"
    assert not found["finished_before"]
    assert told(capsys, "train", "--resume", tmp_path / "r")["finished_before"]
    assert told(capsys, "train", "--resume", "--out", tmp_path / "r")["finished_before"]
    text = read(capsys, "train", "fake", "--data", tidy, "--out", tmp_path / "r", "--resume", "dim=2", "train.lr=1e-3")
    for part in ("ndcg@10", "protocol:", "leave-one-out", str(tmp_path / "r")):
        assert part in text


def test_ctrl_c_leaves_with_130_and_says_how_to_go_on(
    fake_recipe: Interruptions, tidy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_recipe.stop_before = "second"
    assert run(["train", "fake", "--data", str(tidy), "--out", str(tmp_path / "r")]) == 130
    said = capsys.readouterr()
    assert f"foretaste train --resume {tmp_path / 'r'}" in said.err
    assert "Traceback" not in said.err
    (row,) = told(capsys, "ls", tmp_path)
    assert (row["finished"], row["metrics"]) == (False, {})
    assert "unfinished" in read(capsys, "ls", tmp_path)


def test_evaluate_measures_the_saved_folder_again(
    trained: Path, tidy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = json.loads((trained / "metrics.json").read_text())
    found = told(capsys, "evaluate", trained)
    assert found == stored["test"]
    assert {"head", "tail"} <= set(found["groups"]["items"])
    assert "users" in found["groups"]
    assert found["protocol"]["seen"] == "masked"
    assert told(capsys, "evaluate", trained, "--part", "valid") == stored["valid"]
    kept = told(capsys, "evaluate", trained, "--keep-seen", "--cutoffs", "1,3")
    assert kept["protocol"]["seen"] == "kept"
    assert {key.partition("@")[2] for key in kept["metrics"]} == {"1", "3"}
    text = read(capsys, "evaluate", trained)
    for part in ("ndcg@10", "items head", "protocol:", "seen masked", "ties half"):
        assert part in text
    tidy.rename(tidy.parent / "moved")
    assert "no data folder" in told(capsys, "evaluate", trained, code=2)["error"]
    assert told(capsys, "evaluate", trained, "--data", tidy.parent / "moved")["metrics"] == found["metrics"]


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--part", "tset"], "did you mean 'test'?"),
        (["--protocol", "sampled100"], "did you mean 'sampled-100'?"),
        (["--cutoffs", "5,ten"], "correct the list"),
        (["--cutoffs", "0"], "correct the list"),
        (["--protocol", "sampled-100"], "protocol=full"),
    ],
)
def test_evaluate_refuses_what_it_cannot_do(
    trained: Path, capsys: pytest.CaptureFixture[str], options: list[str], part: str
) -> None:
    assert part in told(capsys, "evaluate", trained, *options, code=2)["mend"]


def test_evaluate_refuses_other_data_and_unfinished_runs(
    trained: Path, tmp_path: Path, fake_recipe: Interruptions, tidy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_tidy(tmp_path / "other", seed=1)
    assert "not the data" in told(capsys, "evaluate", trained, "--data", other, code=2)["error"]
    fake_recipe.stop_before = "second"
    assert run(["train", "fake", "--data", str(tidy), "--out", str(tmp_path / "r")]) == 130
    capsys.readouterr()
    assert "not finished" in told(capsys, "evaluate", tmp_path / "r", code=2)["error"]


def test_compare_puts_runs_side_by_side(trained: Path, tidy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = trained.parent / "two"
    told(capsys, "train", "fake", "--data", tidy, "--out", other, "dim=4")
    found = told(capsys, "compare", trained, other)
    assert [entry["runs"] for entry in found["entries"]] == [[str(trained)], [str(other)]]
    assert found["warnings"] == []
    assert {d["metric"] for d in found["differences"]} == {"ndcg@10", "hr@10"}
    text = read(capsys, "compare", trained, other)
    for part in ("fake (dim=2)", "fake (dim=4)", "protocol", "leave-one-out"):
        assert part in text
    pytest.importorskip("matplotlib")
    told(capsys, "compare", trained, other, "--html", trained.parent / "report.html")
    assert "<html" in (trained.parent / "report.html").read_text()
    assert str(other) in told(capsys, "compare", trained, trained.parent / "tow", code=2)["mend"]
    assert "not a finished run" in told(capsys, "compare", tidy, code=2)["error"]


def test_recommend_prints_a_list(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "recommend", trained, "--history", "i1,i2", "--k", 3)
    assert len(found) == 3
    assert all(set(row) == {"item_id", "score", "title"} for row in found)
    text = read(capsys, "recommend", trained, "--history", " i1 , i2 ", "-k", 3)
    assert all(row["item_id"] in text and row["title"] in text for row in found)
    kept = told(capsys, "recommend", trained, "--history", "i1", "-k", 18, "--keep-seen")
    assert len(kept) == 18
    few = told(capsys, "recommend", trained, "--history", "i1", "--candidates", "i3,i4")
    assert {row["item_id"] for row in few} == {"i3", "i4"}


def test_recommend_for_a_user_of_the_data(trained: Path, tidy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = Dataset.load(tidy)
    history = dataset.items.decode(dataset.sequences[3])
    user = dataset.users[3]
    by_user = told(capsys, "recommend", trained, "--user", user)
    assert by_user == told(capsys, "recommend", trained, "--history", ",".join(history))
    error = told(capsys, "recommend", trained, "--user", "u999", code=2)
    assert "unknown user 'u999'" in error["error"]
    moved = tidy.rename(tidy.parent / "moved")
    assert told(capsys, "recommend", trained, "--user", user, "--data", moved) == by_user


def test_recommend_says_what_was_skipped(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recommend", str(trained), "--history", "nothing", "--json"]) == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)) == 10
    assert "nothing" in said.err
    assert "most popular" in said.err
    error = told(capsys, "recommend", trained, "--history", "i1x", "--strict", code=2)
    assert "'i1'" in error["mend"]
    similar = told(capsys, "recommend", trained, "--similar", "i1", "-k", 2)
    assert "i1" not in {row["item_id"] for row in similar}
    assert "together" in told(capsys, "recommend", trained, "--similar", "i1", "--user", "u1", code=2)["error"]


def test_ls_lists_recipes_and_runs(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipes = told(capsys, "ls")
    assert {"fake", "sasrec"} <= {row["recipe"] for row in recipes}
    assert "Pretends to train." in read(capsys, "ls")
    (row,) = told(capsys, "ls", trained.parent)
    assert (row["run"], row["recipe"], row["data"], row["finished"]) == (str(trained), "fake", "tiny", True)
    assert "ndcg@10" in row["metrics"]
    assert read(capsys, "ls", trained / "model").startswith("no runs")


def test_show_lists_keys_with_help_paper_and_space(
    fake_recipe: Interruptions, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(capsys, "show", "fake")
    rows = {row["key"]: row for row in found["keys"]}
    assert rows["train.lr"]["paper"] == "0.001"
    assert rows["train.lr"]["space"] == [0.05, 0.5]
    assert rows["shape"]["choices"] == ["round", "square"]
    assert rows["seed"]["default"] == 0
    text = read(capsys, "show", "fake")
    for part in ("train.lr = 0.1", "Pretended step size.", "Paper: 0.001", "round | square"):
        assert part in text


def test_doctor_looks_at_machine_and_data(tidy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "doctor", "--data", tidy, "--out", tmp_path / "not" / "yet")
    assert found["libraries"]["torch"]
    assert set(found["extras"]) == {"sql", "report", "tune", "multi"}
    assert found["machine"]["torch_threads"] >= 1
    assert found["data"]["users"] == 24
    assert any("leaks the future" in note for note in found["notes"])
    bad = told(capsys, "doctor", "--data", tmp_path / "tinny")
    assert "tiny" in " ".join(bad["notes"])
    assert "Python" in read(capsys, "doctor")


def test_tune_prints_the_best_and_train_reads_it(
    fake_recipe: Interruptions, tidy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna")
    found = told(capsys, "tune", "fake", "--data", tidy, "--out", tmp_path / "t", "--trials", 2)
    assert set(found["best"]) == {"dim", "train.lr"}
    assert len(found["trials"]) == 2
    text = read(capsys, "tune", "fake", "--data", tidy, "--out", tmp_path / "t", "--trials", 2)
    assert "best.toml" in text
    run = told(capsys, "train", "fake", "--data", tidy, "--out", tmp_path / "r", "--config", found["config"])
    assert run["valid"]["ndcg@10"] == pytest.approx(found["valid"]["ndcg@10"])
