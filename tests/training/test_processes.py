"""Two processes reach what one reaches, and hold the same weights."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from foretaste.training.log import read_log

pytest.importorskip("accelerate")
CHILD = Path(__file__).with_name("train_child.py")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _train(folder: Path, count: int) -> None:
    env = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    shared = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
    env |= shared | {"ACCELERATE_USE_CPU": "true"} if count > 1 else {}
    ranks = [env | {"RANK": str(r), "LOCAL_RANK": str(r)} for r in range(count)]
    running = [
        subprocess.Popen([sys.executable, str(CHILD), str(folder)], env=e, stderr=subprocess.PIPE) for e in ranks
    ]
    for process in running:
        _, errors = process.communicate(timeout=180)
        assert process.returncode == 0, errors.decode()


def test_two_processes_reach_the_result_of_one(tmp_path):
    best = {}
    for count in (1, 2):
        folder = tmp_path / str(count)
        _train(folder, count)
        lines = read_log(folder)
        assert len(lines) == 6
        best[count] = max(line["valid"]["ndcg@10"] for line in lines)
    assert best[1] > 0.3
    assert abs(best[1] - best[2]) < 0.1 * best[1]
    losses = [read_log(tmp_path / str(count))[-1]["loss"] for count in (1, 2)]
    assert abs(losses[0] - losses[1]) < 0.05 * losses[0]
