"""What the searches of the reproductions share: one call of ``foretaste tune``, and its outcome as lines of TOML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from foretaste.core.files import write_json
from quiet import ask


def tune(command: list[str], folder: Path) -> str:
    """Runs one search, keeps its outcome beside its folder as JSON, and says how good the best trial is."""
    found = ask([*command, "--out", str(folder), "--json"], folder.with_suffix(".log"))
    if found is None:
        return f"FAILED, see {folder.with_suffix('.log')}"
    write_json(folder.with_suffix(".json"), found)
    return str(found["valid"])


def settings(best: dict[str, Any]) -> list[str]:
    """The best trial's keys, floats to three digits."""
    short = {k: float(f"{v:.3g}") if isinstance(v, float) else v for k, v in best.items()}
    return [f'"{key}" = {json.dumps(value)}' for key, value in short.items()]
