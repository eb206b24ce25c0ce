"""Maps of finished runs: from their saved models, and without those that have no vectors."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from foretaste.cli.main import run
from foretaste.core.extras import MissingExtra
from foretaste.evaluation.compare import compare
from foretaste.evaluation.report.page import render
from foretaste.recipes.item_maps import item_maps
from foretaste.recipes.train import train_run


@pytest.fixture
def runs(tidy: Path, tmp_path: Path, fake_recipe: object) -> list[Path]:
    folders = [tmp_path / "fake-4", tmp_path / "fake-2", tmp_path / "itemknn"]
    train_run("fake", tidy, folders[0], ["dim=4"])
    train_run("fake", tidy, folders[1], ["dim=2"])
    train_run("itemknn", tidy, folders[2])
    return folders


def test_every_model_with_vectors_has_a_map(runs: list[Path]) -> None:
    pytest.importorskip("openTSNE")
    comparison = compare(runs, samples=20)
    maps = item_maps(comparison, shown=12)
    assert [one.label for one in maps] == [entry.label for entry in comparison.entries[:2]]
    assert all(len(one.points) == 12 and one.total == 18 for one in maps)
    assert np.array_equal(maps[0].popularity.member, maps[1].popularity.member)
    page = render(comparison, maps)
    assert "12 items drawn at random of 18" in page
    assert page.count("<svg ") == render(comparison).count("<svg ") + 1


def test_compare_draws_maps_unless_told_not_to(runs: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("openTSNE")
    for flags, shown in (([], True), (["--no-map"], False)):
        page = tmp_path / "report.html"
        assert run(["compare", *map(str, runs), "--html", str(page), *flags]) == 0
        assert ("Where items lie" in page.read_text(encoding="utf-8")) == shown


def test_without_the_library_the_report_goes_without(
    runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with pytest.raises(MissingExtra, match="maps"):
        item_maps(compare(runs, samples=20))
    page = tmp_path / "report.html"
    assert run(["compare", *map(str, runs), "--html", str(page)]) == 0
    assert "Where items lie" not in page.read_text(encoding="utf-8")
