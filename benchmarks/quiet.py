"""Running one command on one thread, its output in a file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

QUIET = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "FORETASTE_QUIET": "1"}


def run(command: list[str], log: Path) -> bool:
    """Runs one command with its output in a file; whether it succeeded."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        return subprocess.run(command, env=os.environ | QUIET, stdout=file, stderr=file, check=False).returncode == 0
