from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.extras import MissingExtra
from foretaste.evaluation.compare import Comparison, compare
from foretaste.evaluation.metrics import mean_metrics
from foretaste.evaluation.report.page import headline, render, write_report
from foretaste.evaluation.report.table import print_comparison

PROTOCOL = {"data": "tiny", "split": "leave-one-out", "part": "test", "candidates": "full", "seen": "masked"}
NASTY = '<script>alert("x")</script> & "co"'


def write_run(
    folder: Path,
    *,
    recipe: str = "sasrec",
    seed: int = 0,
    luck: float = 1.0,
    protocol: dict[str, Any] | None = None,
    **config: Any,
) -> Path:
    """A finished run of 300 users; a higher ``luck`` means lower ranks."""
    rng = np.random.default_rng([seed, 7])
    places = np.floor(rng.random(300) ** luck * 60)
    report = {
        "run": str(folder),
        "protocol": PROTOCOL | {"data_fingerprint": "f" * 64} | (protocol or {}),
        "metrics": mean_metrics(places),
        "groups": {
            side: {
                "head": {"targets": 100, **mean_metrics(places[:100])},
                "tail": {"targets": 200, **mean_metrics(places[100:])},
                "bins": {
                    name: {
                        "0-9": {"targets": 100, **mean_metrics(places[:100])},
                        "10+": {"targets": 0, "ndcg@10": None},
                    }
                },
            }
            for side, name in (("items", "equal-mass"), ("users", "length"))
        },
        "beyond": {
            "coverage": 0.5,
            "exposure": {"bins": ["0", "1"], "recommended": [0.2, 0.8], "targets": [0.5, 0.5], "items": [0.9, 0.1]},
        },
    }
    (folder / "stages" / "fit").mkdir(parents=True)
    lines = [
        {"epoch": e, "loss": 5.0 - e, "train_seconds": 2.0, "valid": {"ndcg@10": 0.1 * e, "hr@10": 0.2}}
        for e in range(3)
    ]
    (folder / "stages/fit/log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    users = {"user_id": [f"u{n}" for n in range(300)], "item_id": ["i"] * 300, "rank": places}
    pl.DataFrame(users).write_parquet(folder / "per_user.parquet")
    (folder / "metrics.json").write_text(json.dumps({"test": report, "valid": report}))
    manifest = {
        "recipe": recipe,
        "config": {"seed": seed, **config},
        "data": {"name": "tiny", "fingerprint": "f" * 64},
        "seconds": {"train": 3.0 + seed},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    folders = [write_run(tmp_path / "pop", recipe="popularity")]
    folders += [write_run(tmp_path / f"s{seed}", seed=seed, luck=3.0) for seed in range(3)]
    folders += [write_run(tmp_path / "bce", luck=1.5, loss="bce")]
    return compare(folders, samples=500)


def test_seeds_of_one_recipe_are_one_entry(comparison: Comparison) -> None:
    assert [len(entry.runs) for entry in comparison.entries] == [1, 3, 1]
    assert comparison.entries[0].label == "popularity"
    mean, std = comparison.entries[1].spread("metrics", "ndcg@10") or (0, 0)
    each = [run.test["metrics"]["ndcg@10"] for run in comparison.entries[1].runs]
    assert mean == pytest.approx(np.mean(each))
    assert std == pytest.approx(np.std(each, ddof=1))


def test_labels_name_the_keys_that_differ(tmp_path: Path) -> None:
    folders = [
        write_run(tmp_path / "a", loss="bce", train={"lr": 0.1, "epochs": 3}),
        write_run(tmp_path / "b", loss="bce", train={"lr": 0.2, "epochs": 3}),
    ]
    assert [entry.label for entry in compare(folders, samples=50).entries] == [
        "sasrec (train.lr=0.1)",
        "sasrec (train.lr=0.2)",
    ]


def test_a_clear_gain_is_significant_and_no_gain_is_not(comparison: Comparison, tmp_path: Path) -> None:
    label = comparison.entries[1].label
    gain = comparison.difference(label, "ndcg@10")
    assert gain is not None
    assert gain.p_holm < 0.05
    assert gain.p_holm >= gain.paired.p_bootstrap
    assert gain.paired.low < gain.paired.difference < gain.paired.high
    values = [entry.values("ndcg@10")["value"].mean() for entry in comparison.entries]
    assert gain.relative(gain.paired.difference) == pytest.approx(values[1] / values[0] - 1)  # type: ignore[operator]
    twins = [write_run(tmp_path / "x", recipe="a"), write_run(tmp_path / "y", recipe="b")]
    same = compare(twins, samples=200).difference("b", "hr@10")
    assert same is not None
    assert same.p_holm == 1.0


def test_users_are_matched_by_id_not_by_row(tmp_path: Path) -> None:
    first, second = write_run(tmp_path / "a", recipe="a"), write_run(tmp_path / "b", recipe="b")
    table = pl.read_parquet(second / "per_user.parquet")
    table.sample(fraction=1.0, shuffle=True, seed=1).head(200).write_parquet(second / "per_user.parquet")
    found = compare([first, second], samples=50)
    difference = found.difference("b", "hr@10")
    assert difference is not None
    assert (difference.paired.difference, difference.paired.users) == (0.0, 200)
    assert any("200 of the first entry's 300" in warning for warning in found.warnings)


@pytest.mark.parametrize(("key", "value"), [("seen", "kept"), ("data_fingerprint", "g" * 64), ("split", "time")])
def test_another_protocol_is_warned_of(tmp_path: Path, key: str, value: str) -> None:
    folders = [write_run(tmp_path / "a"), write_run(tmp_path / "b", recipe="b", protocol={key: value})]
    assert any(key in warning for warning in compare(folders, samples=20).warnings)


def test_sampled_ranks_are_warned_of(tmp_path: Path) -> None:
    found = compare([write_run(tmp_path / "a", protocol={"candidates": "sampled-100"})])
    assert any("sampled" in warning for warning in found.warnings)


def test_nothing_to_compare_and_unfinished_runs_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to compare"):
        compare([])
    folder = write_run(tmp_path / "a")
    (folder / "manifest.json").unlink()
    with pytest.raises(ArtefactError, match=r"manifest\.json"):
        compare([folder])
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ArtefactError, match="cannot be read"):
        compare([folder])


def test_the_json_is_plain(comparison: Comparison) -> None:
    plain = json.loads(json.dumps(comparison.as_json(), allow_nan=False))
    assert [entry["recipe"] for entry in plain["entries"]] == ["popularity", "sasrec", "sasrec"]
    assert len(plain["differences"]) == 4
    heads = [run.test["groups"]["items"]["head"] for run in comparison.entries[1].runs]
    head = plain["entries"][1]["groups"]["items"]["head"]
    assert head["targets"] == 100
    assert head["hr@10"] == pytest.approx(np.mean([h["hr@10"] for h in heads]))
    assert plain["entries"][1]["groups"]["items"]["bins"]["equal-mass"]["10+"]["ndcg@10"] is None


def test_the_table_prints_the_protocol_beside_the_numbers(comparison: Comparison) -> None:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_comparison(comparison, console)
    text = console.export_text()
    for word in ("popularity", "3 seeds", "±", "leave-one-out", "seen items masked", "NDCG@10"):
        assert word in text


def test_the_report_stands_alone_and_shows_every_figure(comparison: Comparison, tmp_path: Path) -> None:
    page = write_report(comparison, tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg ") == 5
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "<script" not in page
    assert "url(http" not in page
    assert not re.search("#0[ab]0[ab]0", page)
    assert "3 seeds" in page


def test_every_text_of_a_run_is_escaped(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", recipe=NASTY, protocol={"data": NASTY, "note": NASTY})
    other = write_run(tmp_path / "b", recipe="$b_2$", protocol={"seen": NASTY})
    page = render(compare([folder, other], samples=20))
    assert "<script" not in page
    assert "$b_2$" in page


def test_runs_without_groups_lists_or_logs_still_make_a_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a")
    report = json.loads((folder / "metrics.json").read_text())["test"]
    bare = {key: report[key] for key in ("run", "protocol", "metrics")}
    (folder / "metrics.json").write_text(json.dumps({"test": bare}))
    (folder / "stages/fit/log.jsonl").unlink()
    assert render(compare([folder])).count("<svg ") == 1


def test_the_headline_names_the_best(comparison: Comparison) -> None:
    assert headline(comparison).startswith(comparison.entries[1].label)


def test_without_matplotlib_the_error_names_the_extra(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"foretaste\[report\]"):
        write_report(comparison, tmp_path / "report.html")
    assert not list(tmp_path.glob("*.html"))
