"""Seconds of a run: every attempt counts from its beginning to the last file it wrote, the waiting between them not."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from fakes import Interruptions
from foretaste.recipes.attempts import ATTEMPT, begin_attempt
from foretaste.recipes.train import train_run


def test_earlier_attempts_count_up_to_their_last_file(tmp_path: Path) -> None:
    first = begin_attempt(tmp_path)
    assert (first.number, first.before) == (1, 0.0)
    _work(tmp_path, after=100.0)
    second = begin_attempt(tmp_path)
    assert second.number == 2
    assert second.before == pytest.approx(100.0, abs=0.1)
    assert second.seconds() == pytest.approx(100.0, abs=5.0)
    _work(tmp_path, after=30.0)
    assert begin_attempt(tmp_path).before == pytest.approx(130.0, abs=0.2)


def test_an_attempt_that_wrote_nothing_counts_nothing(tmp_path: Path) -> None:
    begin_attempt(tmp_path)
    assert begin_attempt(tmp_path).before == pytest.approx(0.0, abs=0.5)


def test_the_manifest_has_all_attempts(fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    fake_recipe.stop_before = "second"
    with pytest.raises(KeyboardInterrupt):
        train_run("fake", tidy, tmp_path / "run")
    _work(tmp_path / "run", after=50.0)
    fake_recipe.stop_before = None
    result = train_run("fake", tidy, tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["attempts"] == 2
    assert 50.0 < manifest["seconds"]["train"] < 60.0
    assert result.seconds == manifest["seconds"]


def _work(folder: Path, *, after: float) -> None:
    """A file that was written some seconds after the attempt began, which was long ago."""
    began = time.time() - 1000.0
    told = json.loads((folder / ATTEMPT).read_text()) | {"began": began}
    (folder / ATTEMPT).write_text(json.dumps(told))
    for place in [folder / "weights", *folder.rglob("*")]:
        if not place.is_dir():
            place.touch()
            os.utime(place, (began + after, began + after))
