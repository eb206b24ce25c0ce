"""One command in several processes of this machine; accelerate finds them by the variables that the launcher sets."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence

from foretaste.core.extras import require


def launch(arguments: Sequence[str], processes: int) -> int:
    """Runs ``foretaste ARGUMENTS`` in so many processes that train together, and returns the exit code.

    Args:
        arguments: The command's arguments; ``--processes`` among them is left out.
        processes: How many.

    Raises:
        MissingExtra: If accelerate is not installed.
    """
    require("accelerate", extra="multi", why="training in several processes")
    call = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    child = subprocess.Popen([*call, "-m", "foretaste", *without_processes(arguments)])
    try:
        return child.wait()
    except KeyboardInterrupt:  # the terminal has told the children as well: let them say how to go on
        child.send_signal(signal.SIGINT)
        child.wait()
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
