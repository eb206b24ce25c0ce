"""A model's quality on one part of a split, as every verb reports it; a saved run is measured again from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from foretaste.core.errors import ArtefactError, unknown
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.evaluation.evaluate import evaluate
from foretaste.evaluation.metrics import CUTOFFS
from foretaste.models.base import Scorer
from foretaste.recipes.run_folder import MODEL, RunRecord, read_record
from foretaste.recipes.saved import SavedModel, load_model
from foretaste.recipes.splitting import make_split, open_dataset

Part = Literal["valid", "test"]


@dataclass(frozen=True)
class Measured:
    """Metrics of one part, and the rank of each of its targets."""

    report: dict[str, Any]
    per_user: pl.DataFrame


def measure(
    model: Scorer,
    dataset: Dataset,
    split: Split,
    config: Any,
    *,
    part: Part,
    run: Path,
    mask_seen: bool | None = None,
    protocol: str = "full",
    cutoffs: tuple[int, ...] = CUTOFFS,
) -> Measured:
    """Evaluates one part; recommended lists are made and described for the test over the full catalogue only.

    Args:
        model: What is measured.
        dataset: What it was trained on.
        split: Training part and targets.
        config: The run's config: its seed, and whether seen items are left out.
        part: Which targets.
        run: The run's folder, named in the report.
        mask_seen: Overrules the config.
        protocol: ``full`` or ``sampled-100``.
        cutoffs: List lengths.
    """
    found = evaluate(
        model,
        split,
        dataset,
        part=part,
        mask_seen=config.mask_seen if mask_seen is None else mask_seen,
        protocol=protocol,
        cutoffs=cutoffs,
        beyond=part == "test" and protocol == "full",
    )
    report = found.as_json(str(run))
    report["protocol"]["seed"] = config.seed
    return Measured(report, found.per_user)


def measure_run(
    folder: str | Path,
    *,
    part: str = "test",
    data: str | Path | None = None,
    protocol: str = "full",
    mask_seen: bool | None = None,
    cutoffs: tuple[int, ...] = CUTOFFS,
) -> Measured:
    """Measures a finished run again, from its saved model and its data set; nothing is written.

    Args:
        folder: The run.
        part: ``test`` or ``valid``.
        data: Where the data set lies now, when it was moved.
        protocol: ``full`` or ``sampled-100``.
        mask_seen: Whether seen items are left out; default: as in the run.
        cutoffs: List lengths.

    Raises:
        ForetasteError: If the run is not finished, or its data is not there or has changed.
    """
    if part not in ("test", "valid"):
        raise unknown("part", part, ("test", "valid"), where="--part")
    path = Path(folder)
    record = read_record(path)
    if not (path / MODEL).is_dir():
        raise ArtefactError(
            f"the run {str(path)!r} is not finished and has no model yet",
            where=str(path),
            mend=f"go on with `foretaste train --resume {path}`",
        )
    saved = load_model(path / MODEL)
    dataset = dataset_of(record, data)
    _same_numbers(saved, dataset, path)
    return measure(
        saved.model,
        dataset,
        make_split(dataset, saved.config.split),
        saved.config,
        part="test" if part == "test" else "valid",
        run=path,
        mask_seen=mask_seen,
        protocol=protocol,
        cutoffs=cutoffs,
    )


def dataset_of(record: RunRecord, data: str | Path | None = None) -> Dataset:
    """The data set of a run.

    Args:
        record: How the run was started.
        data: Where the data set lies now, when it was moved.

    Raises:
        DataError: If it is not there.
        ArtefactError: If it is there and its content is another.
    """
    dataset = open_dataset(data if data is not None else record.data["path"])
    if dataset.fingerprint != record.data["fingerprint"]:
        raise ArtefactError(
            f"{str(dataset.folder)!r} is not the data that the run was started with",
            where=f"fingerprint {dataset.fingerprint[:12]}… there, {record.data['fingerprint'][:12]}… in the run",
            allowed=f"the data set {record.data['name']!r} as it was",
            mend="give its folder with --data, or train a new run",
        )
    return dataset


def _same_numbers(saved: SavedModel, dataset: Dataset, path: Path) -> None:
    """Dense ids mean the same in the model and in the data set as read now."""
    users = saved.users is None or list(saved.users) == list(dataset.users)
    if list(saved.items) != list(dataset.items) or not users:
        raise ArtefactError(
            "the data set numbers its items or users in another order than the model does",
            where=str(path),
            mend="train again with this version",
        )
