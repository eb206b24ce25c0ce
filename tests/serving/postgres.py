"""A PostgreSQL of its own in a temporary folder, from Debian's package: started, killed, stopped, thrown away."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ACCOUNTS = ("postgres", "nobody")
"""Who runs it where root runs the tests; PostgreSQL refuses to be root."""


def server_programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, or None where PostgreSQL is not installed."""
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    on_path = shutil.which("postgres")
    found += [Path(on_path).resolve().parent] if on_path else []
    return next((folder for folder in found if (folder / "initdb").exists()), None)


class Cluster:
    """A server that listens on a socket in its folder and nowhere else.

    Args:
        programs: What :func:`server_programs` found.
    """

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self.account = _account()
        if self.account is not None:
            shutil.chown(self.folder, self.account)
        self._databases = 0
        self._server: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "ann", "-N", "--no-instructions")
        self.start()

    @property
    def data(self) -> Path:
        """Where its files lie."""
        return self.folder / "data"

    def url(self, name: str = "postgres") -> str:
        """Where a database is found."""
        return f"postgresql://ann@/{name}?host={self.folder}"

    def fresh(self) -> str:
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"events{self._databases}"
        self._run("createdb", "-h", str(self.folder), "-U", "ann", name)
        return self.url(name)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        command = ["postgres", "-D", str(self.data), "-k", str(self.folder), "-c", "listen_addresses="]
        self._server = subprocess.Popen(
            [str(self.programs / command[0]), *command[1:]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.account,
            cwd=self.folder,
        )
        for _ in range(600):
            asked = [str(self.programs / "pg_isready"), "-q", "-h", str(self.folder)]
            if subprocess.run(asked, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start")

    def stop(self, how: int = signal.SIGINT) -> None:
        """Ends it; ``SIGQUIT`` leaves no time to tidy up, as a crash would."""
        assert self._server is not None
        self._server.send_signal(how)
        self._server.wait(60)

    def close(self) -> None:
        """Ends it and throws everything away."""
        if self._server is not None and self._server.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, user=self.account, cwd=self.folder)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")


def _account() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ACCOUNTS if name in names), None)
