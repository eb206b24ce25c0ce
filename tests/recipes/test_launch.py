"""Several processes behave like one towards the user."""

from __future__ import annotations

import pytest

from foretaste.recipes.launch import launch, without_processes

pytest.importorskip("accelerate")


def test_every_process_gets_the_same_command() -> None:
    call = ["train", "sasrec", "--processes", "2", "--data", "d", "dim=3"]
    assert without_processes(call) == ["train", "sasrec", "--data", "d", "dim=3"]
    assert without_processes(["train", "--processes=4", "--json"]) == ["train", "--json"]


def test_only_the_first_process_speaks(capfd: pytest.CaptureFixture[str]) -> None:
    assert launch(["--version"], 2) == 0
    assert capfd.readouterr().out.count("foretaste") == 1
    assert launch(["trian", "--processes", "2"], 2) == 2
    assert capfd.readouterr().err.count("did you mean 'train'?") == 1
