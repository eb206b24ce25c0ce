"""Several processes behave like one towards the user."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from foretaste.recipes.launch import _wait, launch, without_processes

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


def test_the_first_process_may_say_what_is_wrong_when_another_failed_before_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    slow = "import sys, time; time.sleep(0.5); print('what is wrong', file=sys.stderr); sys.exit(2)"
    children = [subprocess.Popen([sys.executable, "-c", code]) for code in (slow, "import sys; sys.exit(3)")]
    assert _wait(children) == 2
    assert "what is wrong" in capfd.readouterr().err


def test_a_first_process_that_goes_on_is_stopped() -> None:
    codes = ("import time; time.sleep(60)", "import sys; sys.exit(3)")
    children = [subprocess.Popen([sys.executable, "-c", code]) for code in codes]
    begun = time.monotonic()
    assert _wait(children) == 3
    assert time.monotonic() - begun < 20
