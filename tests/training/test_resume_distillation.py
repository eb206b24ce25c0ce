"""Killed inside an epoch, a run with a bank of teachers goes on with the bank of that epoch, to the very same bits."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from safetensors import safe_open

from foretaste.core.files import file_digest
from foretaste.training.log import read_log

CHILD = Path(__file__).with_name("distillation_child.py")
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def _train(folder: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, str(CHILD), str(folder)], env=ENV, stderr=subprocess.PIPE)


def _inside_an_epoch(checkpoint: Path) -> bool:
    if not checkpoint.is_file():
        return False
    with safe_open(checkpoint, framework="pt") as file:
        assert file.get_tensor("weights.terms.0.bank").any()
        return '"block": 0' not in file.metadata()["progress"]


def test_the_bank_survives_sigkill(tmp_path):
    whole = _train(tmp_path / "whole")
    assert whole.wait(120) == 0, whole.stderr.read().decode()
    broken = _train(tmp_path / "broken")
    while broken.poll() is None and not _inside_an_epoch(tmp_path / "broken" / "checkpoint.safetensors"):
        time.sleep(0.002)
    assert broken.poll() is None, "killed before it was done"
    broken.send_signal(signal.SIGKILL)
    broken.wait()
    assert _inside_an_epoch(tmp_path / "broken" / "checkpoint.safetensors")
    again = _train(tmp_path / "broken")
    assert again.wait(120) == 0, again.stderr.read().decode()
    for name in ("weights.safetensors", "best.safetensors"):
        assert file_digest(tmp_path / "broken" / name) == file_digest(tmp_path / "whole" / name)
    losses = [[line["loss"] for line in read_log(tmp_path / name)] for name in ("whole", "broken")]
    assert losses[0] == losses[1]
