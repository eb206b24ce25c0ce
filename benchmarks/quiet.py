"""Running one command on one thread, what it tells in a file."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

QUIET = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "FORETASTE_QUIET": "1"}


def run(command: list[str], log: Path) -> bool:
    """Runs one command with its output in a file; whether it succeeded."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        return subprocess.run(command, env=os.environ | QUIET, stdout=file, stderr=file, check=False).returncode == 0


def ask(command: list[str], log: Path) -> Any | None:
    """Runs one command that answers in JSON, what else it tells in a file; the answer, or None where it failed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        done = subprocess.run(
            command, env=os.environ | QUIET, stdout=subprocess.PIPE, stderr=file, text=True, check=False
        )
    return json.loads(done.stdout) if done.returncode == 0 else None
