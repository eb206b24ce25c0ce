"""Measuring a model on the targets of a split."""

from __future__ import annotations

from foretaste.data.split import Targets
from foretaste.evaluation.metrics import mean_metrics
from foretaste.evaluation.ranks import ranks
from foretaste.models.base import Scorer


def validation_metrics(model: Scorer, targets: Targets, mask_seen: bool = True) -> dict[str, float]:
    """What an epoch is judged by: ``ndcg@10`` and ``hr@10`` over the full catalogue."""
    return mean_metrics(ranks(model, targets, mask_seen=mask_seen), (10,), ("ndcg", "hr"))
