"""A real Ctrl-C in a real training process: one line that says how to go on, and exit code 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WAIT = 120.0


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX signals")
def test_ctrl_c_in_the_middle_of_training(tidy: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    call = [sys.executable, "-m", "foretaste", "train", "sasrec", "--data", str(tidy), "--out", str(out)]
    settings = ["dim=8", "train.epochs=1000000", "train.patience=1000000", "train.device=cpu"]
    # A shell that runs the tests in the background would hand down that Ctrl-C is ignored.
    child = subprocess.Popen(
        [*call, *settings],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        ends = time.monotonic() + WAIT
        while not (out / "stages" / "fit" / "log.jsonl").is_file() and time.monotonic() < ends:
            assert child.poll() is None, child.stderr.read() if child.stderr else ""
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=WAIT)
    finally:
        child.kill()
    assert child.returncode == 130
    assert said.splitlines()[-1] == f"stopped; go on with: foretaste train --resume {out}"
    assert "Traceback" not in said
