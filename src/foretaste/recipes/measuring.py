"""A model's quality on one part of a split, as every verb reports it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.evaluation.metrics import mean_metrics
from foretaste.evaluation.ranks import ranks
from foretaste.models.base import Scorer


@dataclass(frozen=True)
class Measured:
    """Metrics of one part, and the rank of each of its targets."""

    report: dict[str, Any]
    per_user: pl.DataFrame


def measure(model: Scorer, dataset: Dataset, split: Split, config: Any, *, part: str, run: Path) -> Measured:
    """Ranks the targets of ``part`` (``valid`` or ``test``) over the full catalogue."""
    targets = getattr(split, part)
    places = ranks(model, targets, mask_seen=config.mask_seen)
    report = {
        "run": str(run),
        "protocol": split.protocol | {"seed": config.seed},
        "metrics": mean_metrics(places),
        "groups": {},
    }
    return Measured(report, pl.DataFrame({"user_id": dataset.users.decode(targets.users), "rank": places}))
