"""The service as a process of its own, for whatever measures or torments it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from quiet import QUIET


class Served:
    """A running service.

    Args:
        arguments: Of ``foretaste serve``, without address and output.
        log: Where its standard error goes.
        port: Where it listens; 0 for any.
    """

    def __init__(self, arguments: Sequence[str], log: Path, port: int = 0) -> None:
        command = [sys.executable, "-m", "foretaste", "serve", *arguments, "--port", str(port), "--json"]
        with log.open("a") as file:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=file, text=True, env=os.environ | QUIET
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service did not start; see {log}")
        self.url: str = json.loads(line)["url"]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Sends a signal and waits for the end."""
        self.process.send_signal(how)
        self.process.wait(60)


@contextmanager
def served(arguments: Sequence[str], log: Path) -> Iterator[Served]:
    """A service that is stopped at the end."""
    service = Served(arguments, log)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()
