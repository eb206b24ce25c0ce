"""What is known of how a model came to be: its figures group by group, and how its training went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foretaste.core.artefact import MANIFEST
from foretaste.core.files import read_json
from foretaste.evaluation.runs import training_curves
from foretaste.recipes.run_folder import METRICS
from foretaste.serving.portable import without_paths

TRAINING = "training.json"
"""Where a bundle keeps what a run keeps in the logs of its stages."""

SPARED = ("run",)
"""Members of a report that say where it was made, not what was measured."""


def track_record(folder: Path) -> dict[str, Any]:
    """Figures and training of the run or bundle in a folder; what is not there is empty.

    Returns:
        ``test`` and ``valid`` (metrics, groups, protocol and lists, as ``evaluate --json`` prints them), ``curves``
        (stage → one entry for each epoch), ``seconds`` of each stage, and ``peak_memory_mb``.
    """
    measured = without_paths(read_json(folder / METRICS)) if (folder / METRICS).is_file() else {}
    parts = {part: _spared(measured.get(part, {})) for part in ("test", "valid")}
    return {**parts, **training_of(folder)}


def training_of(folder: Path) -> dict[str, Any]:
    """How the training went, for :data:`TRAINING`."""
    if (folder / TRAINING).is_file():
        found: dict[str, Any] = read_json(folder / TRAINING)
        return found
    manifest = read_json(folder / MANIFEST) if (folder / MANIFEST).is_file() else {}
    return {
        "curves": training_curves(folder),
        "seconds": manifest.get("seconds", {}),
        "peak_memory_mb": manifest.get("peak_memory_mb"),
    }


def _spared(report: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in report.items() if name not in SPARED}
