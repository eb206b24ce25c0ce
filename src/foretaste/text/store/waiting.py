"""One writer at a time: whoever comes second waits, and says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foretaste.core.progress import say


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Held by one process at a time; the lock falls with the process that holds it, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows has no flock; the store then goes unguarded
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say(f"waiting   another process (pid {_holder(handle)}) is writing the embedding store {folder}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _holder(handle: int) -> str:
    return os.pread(handle, 32, 0).decode(errors="replace") or "unknown"
