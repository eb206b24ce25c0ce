"""One command in several processes of this machine; accelerate finds them by the variables set here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from foretaste.core.extras import require

PATIENCE = 20.0
"""Seconds that stopped processes have to end by themselves."""
LAST_WORDS = 5.0
"""Seconds the first process has to say what is wrong when another one has failed: mostly both fail of the same."""


def launch(arguments: Sequence[str], processes: int) -> int:
    """Runs ``foretaste ARGUMENTS`` in so many processes that train together, and returns the first one's exit code.

    Only the first one writes and speaks. When one of them ends with an error, the others are stopped.

    Args:
        arguments: The command's arguments; ``--processes`` among them is left out.
        processes: How many.

    Raises:
        MissingExtra: If accelerate is not installed.
    """
    require("accelerate", extra="multi", why="training in several processes")
    call = [sys.executable, "-m", "foretaste", *without_processes(arguments)]
    port = _free_port()
    children = [
        subprocess.Popen(call, env=_environment(rank, processes, port), stdout=subprocess.DEVNULL if rank else None)
        for rank in range(processes)
    ]
    try:
        return _wait(children)
    except (
        KeyboardInterrupt
    ):  # a terminal tells the whole group; a signal sent to this process alone has to be passed on
        _stop(children, signal.SIGINT)
        return 130


def without_processes(arguments: Sequence[str]) -> list[str]:
    """The arguments without ``--processes N`` or ``--processes=N``."""
    kept: list[str] = []
    skip = False
    for text in arguments:
        if skip:
            skip = False
        elif text == "--processes":
            skip = True
        elif not text.startswith("--processes="):
            kept.append(text)
    return kept


def _environment(rank: int, processes: int, port: int) -> dict[str, str]:
    threads = max(1, (os.cpu_count() or 1) // processes)
    told = {
        "RANK": rank,
        "LOCAL_RANK": rank,
        "WORLD_SIZE": processes,
        "LOCAL_WORLD_SIZE": processes,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
    }
    quiet = {"FORETASTE_QUIET": "1"} if rank else {}
    return {"OMP_NUM_THREADS": str(threads), **os.environ, **quiet, **{key: str(value) for key, value in told.items()}}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(children: list[subprocess.Popen[bytes]]) -> int:
    """Until all have ended, or one has failed."""
    while True:
        codes = [child.poll() for child in children]
        if all(code == 0 for code in codes):
            return 0
        failed = [code for code in codes if code]
        if failed:
            first = _ended(children[0], LAST_WORDS)
            _stop(children, signal.SIGTERM)
            return first or failed[0]
        time.sleep(0.1)


def _ended(child: subprocess.Popen[bytes], seconds: float) -> int | None:
    """Its exit code as soon as it has ended; None if it goes on for longer than this."""
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _stop(children: list[subprocess.Popen[bytes]], how: signal.Signals) -> None:
    for child in children:
        if child.poll() is None:
            child.send_signal(how)
    ends = time.monotonic() + PATIENCE
    for child in children:
        try:
            child.wait(max(0.0, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
