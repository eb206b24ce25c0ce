"""Getting along with other work on the machine."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

SPINS = "1000"
"""Turns that a thread of torch waits for its fellows before it sleeps; libgomp's own number is 300,000."""


def wait_briefly(environment: MutableMapping[str, str] = os.environ) -> None:
    """Keeps torch's threads from burning the time that another process has their fellows' processor.

    On two cores that two other processes keep busy, the first epoch of a small SASRec took 32 s and takes 1.2 s; where
    nothing else runs, an epoch of it takes .95 s and not .77 s. It has to be said before torch is loaded. Whoever has
    said something about waiting keeps it.
    """
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault("GOMP_SPINCOUNT", SPINS)
