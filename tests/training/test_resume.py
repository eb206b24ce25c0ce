"""Killed at any moment and started again, training ends with the very same bits."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from foretaste.core.files import file_digest
from foretaste.training.log import read_log

CHILD = Path(__file__).with_name("train_child.py")
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def _train(folder: Path, optimizer: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, str(CHILD), str(folder), optimizer], env=ENV, stderr=subprocess.PIPE)


def _killed(process: subprocess.Popen, folder: Path, rng: random.Random) -> bool:
    """Kills after the first checkpoint and a random while; False when the process was done before."""
    while process.poll() is None and not (folder / "checkpoint.safetensors").is_file():
        time.sleep(0.005)
    try:
        process.wait(rng.uniform(0.0, 0.5))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


@pytest.mark.parametrize("optimizer", ["adamw", "sparse-adam"])
def test_sigkill_and_resume_is_bit_equal(tmp_path, optimizer):
    whole = _train(tmp_path / "whole", optimizer)
    assert whole.wait(120) == 0, whole.stderr.read().decode()
    rng, kills, broken = random.Random(optimizer), 0, tmp_path / "broken"
    for _ in range(3):
        kills += _killed(_train(broken, optimizer), broken, rng)
    last = _train(broken, optimizer)
    assert last.wait(120) == 0, last.stderr.read().decode()
    assert kills >= 1
    for name in ("weights.safetensors", "best.safetensors"):
        assert file_digest(broken / name) == file_digest(tmp_path / "whole" / name)
    logs = [
        [(line["epoch"], line["step"], line["loss"], line["valid"]) for line in read_log(folder)]
        for folder in (tmp_path / "whole", broken)
    ]
    assert logs[0] == logs[1]


def test_a_finished_folder_is_not_trained_again(tmp_path):
    folder = tmp_path / "run"
    assert _train(folder, "adamw").wait(120) == 0
    before = (folder / "weights.safetensors").stat().st_mtime_ns, len(read_log(folder))
    assert _train(folder, "adamw").wait(120) == 0
    assert len(read_log(folder)) == before[1]
