"""Sections on gates and on forgetting: there where a run has such a study, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from foretaste.core.files import write_json
from foretaste.evaluation.compare import compare
from foretaste.evaluation.report import experts
from foretaste.evaluation.report.page import render
from foretaste.recipes.train import train_run

GATES = {"experts": ["id", "text"], "shares": [[0.7, 0.4], [0.3, 0.6]]}
TAUS = {"spaces": {name: {"tau": 0.5, "bins": [0.6, None], "pairs": [9, 1]} for name in ("copy", "aligned")}}


@pytest.fixture
def runs(tidy: Path, tmp_path: Path, fake_recipe: object) -> list[Path]:
    folders = [tmp_path / f"fake-{dim}" for dim in (2, 4)]
    for dim, folder in zip((2, 4), folders, strict=True):
        train_run("fake", tidy, folder, [f"dim={dim}"])
    return folders


def test_runs_without_studies_have_no_such_sections(runs: list[Path]) -> None:
    page = render(compare(runs, samples=20))
    assert "What the gate weighs" not in page
    assert "What alignment keeps" not in page
    assert "From hot to cold" in page


def test_studies_are_drawn_for_the_entries_that_have_them(runs: list[Path]) -> None:
    study = runs[1] / "stages" / "study"
    study.mkdir()
    write_json(study / "gates.json", GATES)
    write_json(study / "forgetting.json", TAUS)
    write_json(study / "manifest.json", {"stage": "study"})
    comparison = compare(runs, samples=20)
    assert comparison.entries[0].runs[0].studies == {}
    assert comparison.entries[1].runs[0].studies == {"gates": GATES, "forgetting": TAUS}
    page = render(comparison)
    assert "What the gate weighs" in page
    assert "What alignment keeps" in page
    drawn = experts.gates(comparison)
    assert drawn is not None
    assert drawn.count(comparison.entries[1].label) == 1
    assert comparison.entries[0].label not in drawn
    forgotten = experts.forgetting(comparison)
    assert forgotten is not None
    assert "nan" not in forgotten.lower()
