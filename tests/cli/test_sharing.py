"""Threads that wait briefly, unless somebody wants otherwise."""

from __future__ import annotations

import subprocess
import sys

import pytest

from foretaste.cli.sharing import SPINS, wait_briefly


@pytest.mark.parametrize(
    ("given", "spins"),
    [({}, SPINS), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, None)],
)
def test_what_was_said_before_holds(given: dict[str, str], spins: str | None) -> None:
    environment = dict(given)
    wait_briefly(environment)
    assert environment.get("GOMP_SPINCOUNT") == spins


def test_it_is_said_before_torch_is_loaded() -> None:
    script = (
        "import os, sys; from foretaste.cli import main as cli;"
        "cli.run = lambda arguments: print(os.environ['GOMP_SPINCOUNT'], 'torch' in sys.modules) or 0;"
        "cli.main([])"
    )
    environment = {"PATH": "/usr/bin:/bin"}
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.split() == [SPINS, "False"]
