"""The protocol of a measurement in words and numbers: what stands beside every figure."""

from __future__ import annotations

from typing import Any

from foretaste.data.dataset import Dataset
from foretaste.data.split import Split, Targets
from foretaste.data.target_sets import TargetSets, questions
from foretaste.evaluation.sampled import SAMPLED

PROTOCOLS = ("full", "sampled-100")
"""What a target is ranked among: the whole catalogue, or 100 sampled items (to compare with papers only)."""


def describe(
    dataset: Dataset, split: Split, targets: Targets, *, part: str, mask_seen: bool, protocol: str, seed: int = 0
) -> dict[str, Any]:
    """The protocol in words and numbers."""
    sampled = protocol != "full"
    about = {
        "data": dataset.name,
        "data_fingerprint": dataset.fingerprint,
        **split.protocol,
        "part": part,
        "candidates": protocol,
        "num_candidates": SAMPLED + 1 if sampled else dataset.num_items,
        "seen": "never a candidate" if sampled else "masked" if mask_seen else "kept",
        "ties": "half",
        "unscored": "miss",
        "popularity": "train",
        "evaluated_users": questions(targets),
        "excluded_users": dataset.num_users - questions(targets),
    }
    if isinstance(targets, TargetSets):
        about |= {
            "answers": len(targets),
            "history": "train",
            "left_out": "train" if part == "valid" else "train, valid",
        }
    return about | ({"candidate_seed": seed} if sampled else {})
