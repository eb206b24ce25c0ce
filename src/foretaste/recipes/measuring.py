"""A model's quality on one part of a split, as every verb reports it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.evaluation.evaluate import evaluate
from foretaste.models.base import Scorer

Part = Literal["valid", "test"]


@dataclass(frozen=True)
class Measured:
    """Metrics of one part, and the rank of each of its targets."""

    report: dict[str, Any]
    per_user: pl.DataFrame


def measure(model: Scorer, dataset: Dataset, split: Split, config: Any, *, part: Part, run: Path) -> Measured:
    """Evaluates one part over the full catalogue; recommended lists are made and described for the test only."""
    found = evaluate(model, split, dataset, part=part, mask_seen=config.mask_seen, beyond=part == "test")
    report = found.as_json(str(run))
    report["protocol"]["seed"] = config.seed
    return Measured(report, found.per_user)
