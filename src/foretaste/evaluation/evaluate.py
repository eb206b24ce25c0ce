"""Measuring a model on the targets of a split, with the protocol beside every number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.core.errors import ConfigError, unknown
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split, Targets
from foretaste.data.target_sets import TargetSets
from foretaste.evaluation.beyond import Vectors, beyond_accuracy
from foretaste.evaluation.group_metrics import group_means, group_metrics, means, metric_values
from foretaste.evaluation.groups import item_divisions, user_divisions
from foretaste.evaluation.metrics import CUTOFFS, mean_metrics
from foretaste.evaluation.protocol import PROTOCOLS, describe
from foretaste.evaluation.ranks import ranks
from foretaste.evaluation.sampled import candidates, sampled_ranks
from foretaste.evaluation.set_ranks import set_ranks
from foretaste.evaluation.top_k import top_k
from foretaste.models.base import Scorer

BEYOND_K = 10
"""Length of the lists from which coverage, Gini, novelty and diversity are read."""


@dataclass(frozen=True)
class Evaluation:
    """What was measured, and how.

    Attributes:
        protocol: Everything that a reader needs to compare the numbers with others.
        metrics: ``{"hr@10": …}`` over all targets.
        groups: ``{"items": {"head": {"targets": n, "hr@10": …}, "tail", "cold", "warm", "bins": {…}}, "users": {…}}``.
        beyond: Coverage, Gini, novelty, diversity and exposure of the recommended lists; empty when not asked for.
        per_user: One row for each user asked: user_id, item_id, rank (0 is best), history_length, target_popularity;
            where a question has several answers, item_id, rank and target_popularity are lists.
    """

    protocol: dict[str, Any]
    metrics: dict[str, float]
    groups: dict[str, dict[str, Any]]
    beyond: dict[str, Any]
    per_user: pl.DataFrame

    def as_json(self, run: str = "") -> dict[str, Any]:
        """The same as plain JSON values; what has no value (a group without targets) is null."""
        report = {"run": run, "protocol": self.protocol, "metrics": self.metrics, "groups": self.groups}
        if self.beyond:
            report["beyond"] = self.beyond
        plain: dict[str, Any] = _without_nan(report)
        return plain


def evaluate(
    model: Scorer,
    split: Split,
    dataset: Dataset,
    *,
    part: Literal["valid", "test"],
    cutoffs: tuple[int, ...] = CUTOFFS,
    mask_seen: bool = True,
    protocol: str = "full",
    beyond: bool = True,
    seed: int = 0,
    vectors: Vectors | None = None,
) -> Evaluation:
    """Ranks every target and reports it overall, by group and beyond accuracy.

    Args:
        model: What is measured.
        split: Training part and targets.
        dataset: What the split was made of.
        part: Which targets; the test ones are for reading once.
        cutoffs: List lengths of the metrics.
        mask_seen: Whether items of the history are left out of the ranking.
        protocol: One of :data:`foretaste.evaluation.protocol.PROTOCOLS`.
        beyond: Whether lists are made and described as well.
        seed: Seed of the sampled candidates.
        vectors: Item vectors for intra-list diversity, ``(num_items, d)``.

    Raises:
        ConfigError: If the protocol or the part is unknown.
    """
    if protocol not in PROTOCOLS:
        raise unknown("protocol", protocol, PROTOCOLS)
    if part not in ("valid", "test"):
        raise unknown("part", part, ("valid", "test"))
    targets = split.valid if part == "valid" else split.test
    asked = targets.take(targets.firsts) if isinstance(targets, TargetSets) else targets
    popularity = split.train.counts(dataset.num_items)
    places = _places(model, dataset, targets, mask_seen=mask_seen, protocol=protocol, seed=seed)
    about = describe(dataset, split, targets, part=part, mask_seen=mask_seen, protocol=protocol, seed=seed)
    hidden = asked.left_out if isinstance(asked, TargetSets) else None
    shown = None
    if beyond:
        shown = top_k(model, asked.histories, asked.users, k=BEYOND_K, mask_seen=mask_seen, left_out=hidden)
    extra = {} if shown is None else beyond_accuracy(shown, popularity, targets.items, dataset.catalogue, vectors)
    return Evaluation(
        about | {"unreachable_targets": int(np.isinf(places).sum())},
        means(values := metric_values(targets, places, cutoffs)),
        {
            "items": group_metrics(places, item_divisions(popularity, targets.items), cutoffs),
            "users": group_means(values, user_divisions(asked.histories.lengths)),
        },
        extra,
        _per_user(dataset, targets, places, popularity),
    )


def validation_metrics(model: Scorer, targets: Targets, mask_seen: bool = True) -> dict[str, float]:
    """What an epoch is judged by: ``ndcg@10`` and ``hr@10`` over the full catalogue; of sets ``recall@20`` and more."""
    if isinstance(targets, TargetSets):
        places = set_ranks(model, targets, mask_seen=mask_seen)
        return means(metric_values(targets, places, (20, 10), ("recall", "ndcg", "hr")))
    return mean_metrics(ranks(model, targets, mask_seen=mask_seen), (10,), ("ndcg", "hr"))


def chosen_by(targets: Targets) -> str:
    """The metric of :func:`validation_metrics` by which the best epoch is chosen."""
    return "ndcg@20" if isinstance(targets, TargetSets) else "ndcg@10"


def _places(
    model: Scorer, dataset: Dataset, targets: Targets, *, mask_seen: bool, protocol: str, seed: int
) -> NDArray[np.float64]:
    if protocol == "full" and isinstance(targets, TargetSets):
        return set_ranks(model, targets, mask_seen=mask_seen)
    if protocol == "full":
        return ranks(model, targets, mask_seen=mask_seen)
    if isinstance(targets, TargetSets):
        raise ConfigError(
            f"{protocol} asks for one answer, and this split has several for a user",
            allowed="protocol=full with split=ratio",
            mend="rank the full catalogue",
        )
    others = candidates(dataset.sequences, targets.users, dataset.num_items, fingerprint=dataset.fingerprint, seed=seed)
    return sampled_ranks(model, targets, others)


def _per_user(
    dataset: Dataset, targets: Targets, places: NDArray[np.float64], popularity: NDArray[np.int64]
) -> pl.DataFrame:
    table = pl.DataFrame(
        {
            "user_id": dataset.users.decode(targets.users),
            "item_id": dataset.items.decode(targets.items),
            "rank": places,
            "history_length": targets.histories.lengths,
            "target_popularity": popularity[targets.items],
        }
    )
    if not isinstance(targets, TargetSets):
        return table
    lists = table.group_by("user_id", maintain_order=True).agg(
        pl.all().exclude("history_length"), pl.first("history_length")
    )
    return lists.select(table.columns)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
