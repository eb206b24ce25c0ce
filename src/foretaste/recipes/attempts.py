"""How long a run took, all attempts together, also those that were killed.

A process that is killed writes no last word, but it leaves files: its attempt lasted from its beginning to the last of
them. So each attempt notes when it began and how long those before it took.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from foretaste.core.files import read_json, write_json

ATTEMPT = "attempt.json"


@dataclass(frozen=True)
class Attempt:
    """The attempt under way.

    Attributes:
        began: When, in seconds since the epoch.
        number: The first is 1.
        before: Seconds that earlier ones took.
    """

    began: float
    number: int
    before: float

    def seconds(self) -> float:
        """What all attempts took up to now."""
        return self.before + time.time() - self.began


def begin_attempt(folder: Path) -> Attempt:
    """Notes that another attempt at the run in this folder begins.

    Args:
        folder: The run, which no other process works on.
    """
    last = _last(folder)
    before = 0.0 if last is None else last.before + max(0.0, _newest(folder) - last.began)
    attempt = Attempt(time.time(), 1 if last is None else last.number + 1, round(before, 3))
    write_json(folder / ATTEMPT, asdict(attempt))
    return attempt


def _last(folder: Path) -> Attempt | None:
    place = folder / ATTEMPT
    return Attempt(**read_json(place)) if place.is_file() else None


def _newest(folder: Path) -> float:
    """When a file of the run was written last."""
    return max((path.stat().st_mtime for path in folder.rglob("*") if path.is_file()), default=0.0)
