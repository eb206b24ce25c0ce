"""Finished run folders, read back for comparison."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from foretaste.core.errors import ArtefactError
from foretaste.core.files import read_json
from foretaste.evaluation.metrics import per_target
from foretaste.evaluation.set_metrics import per_question

NEEDED = ("manifest.json", "metrics.json", "per_user.parquet")
"""Files that make a folder a finished run; the manifest is written last."""


@dataclass(frozen=True)
class FinishedRun:
    """What a run left behind.

    Attributes:
        folder: Where it lies.
        recipe: What was trained.
        config: Its whole config, as nested plain values.
        data: Name and fingerprint of the data set.
        test: The report on the test targets, as `evaluate --json` prints it.
        valid: The same on the validation targets.
        per_user: One row for each user asked, with the rank of the test target, or the list of their ranks.
        curves: Stage → the lines of its training log.
        seconds: What training and evaluation took.
        studies: What the recipe found out about its model beside, by name.
    """

    folder: Path
    recipe: str
    config: dict[str, Any]
    data: dict[str, Any]
    test: dict[str, Any]
    valid: dict[str, Any]
    per_user: pl.DataFrame
    curves: dict[str, list[dict[str, Any]]]
    seconds: dict[str, float]
    studies: dict[str, Any] = field(default_factory=dict)

    @property
    def seed(self) -> int | None:
        """Seed of everything random, where the recipe has one."""
        return self.config.get("seed")

    @property
    def protocol(self) -> dict[str, Any]:
        """How the test targets were measured."""
        return dict(self.test.get("protocol", {}))

    def values(self, metric: str) -> pl.DataFrame:
        """Value of a metric like ``ndcg@10`` for each user asked: user_id, value, and item_id of a single target."""
        name, _, cutoff = metric.partition("@")
        rank = self.per_user["rank"]
        if isinstance(rank.dtype, pl.List):
            sizes = rank.list.len().to_numpy().astype(np.int64)
            answers = rank.explode().to_numpy()
            value = per_question(answers, np.cumsum(sizes) - sizes, (int(cutoff),), (name,))[metric]
            return self.per_user.select("user_id").with_columns(value=value)
        value = per_target(rank.to_numpy(), (int(cutoff),), (name,))[metric]
        return self.per_user.select("user_id", *_present(self.per_user, "item_id")).with_columns(value=value)


def read_run(folder: str | Path) -> FinishedRun:
    """Reads a finished run.

    Raises:
        ArtefactError: If the folder holds no finished run, or a damaged one.
    """
    path = Path(folder)
    missing = [name for name in NEEDED if not (path / name).is_file()]
    if missing:
        raise ArtefactError(
            f"{str(path)!r} is not a finished run: it lacks {', '.join(missing)}",
            where=str(path.resolve()),
            allowed="folders that `foretaste train … --out FOLDER` finished",
            mend="finish it with `foretaste train --resume FOLDER`, or leave it out",
        )
    try:
        manifest, metrics = read_json(path / "manifest.json"), read_json(path / "metrics.json")
        return FinishedRun(
            folder=path,
            recipe=str(manifest["recipe"]),
            config=dict(manifest.get("config", {})),
            data=dict(manifest.get("data", {})),
            test=metrics["test"],
            valid=metrics.get("valid", {}),
            per_user=pl.read_parquet(path / "per_user.parquet"),
            curves=training_curves(path),
            seconds=dict(manifest.get("seconds", {})),
            studies=_studies(path),
        )
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise ArtefactError(
            f"the run in {str(path)!r} cannot be read: {type(error).__name__}: {error}",
            where=str(path.resolve()),
            mend="train it again into another --out",
        ) from error


def training_curves(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The lines of the training logs in the folder of a run, by stage."""
    logs = sorted(path.glob("stages/*/log.jsonl"))
    return {log.parent.name: [json.loads(line) for line in log.read_text("utf-8").splitlines()] for log in logs}


def _studies(path: Path) -> dict[str, Any]:
    """The JSON files that a recipe left in its stage ``study``."""
    found = sorted((path / "stages" / "study").glob("*.json"))
    return {file.stem: read_json(file) for file in found if file.stem not in ("manifest", "begun")}


def _present(frame: pl.DataFrame, *names: str) -> list[str]:
    return [name for name in names if name in frame.columns]
