"""One JSON line for each epoch, and the same numbers for TensorBoard where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class EpochLog:
    """Appends lines to a JSONL file.

    Args:
        path: The file.
        writes: Whether this process writes at all.
    """

    def __init__(self, path: Path, *, writes: bool = True) -> None:
        self.path, self.writes = path, writes
        self._board = _tensorboard(path.parent / "tensorboard") if writes else None

    def keep(self, epochs: int) -> None:
        """Forgets lines of epochs that are about to be run again."""
        if not self.writes:
            return
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.is_file() else []
        kept = [line for line in lines if _epoch(line) < epochs]
        self.path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")

    def write(self, entry: dict[str, Any]) -> None:
        """Appends one line."""
        if not self.writes:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        if self._board is not None:
            for name, value in {"loss": entry["loss"], **entry.get("valid", {})}.items():
                self._board.add_scalar(name, value, entry["epoch"])
            self._board.flush()


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The lines of a stage's log, one for each epoch."""
    return [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def _epoch(line: str) -> float:
    """The epoch of a line; a line that was cut short by a kill counts as not written."""
    try:
        return float(json.loads(line)["epoch"])
    except (ValueError, KeyError):
        return float("inf")


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
