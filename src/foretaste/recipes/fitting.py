"""The stage that all trained models share: fit, choose by the validation targets; read it back where it was done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.evaluation.evaluate import chosen_by, validation_metrics
from foretaste.models.base import Scorer
from foretaste.training.batches import Batches
from foretaste.training.checkpoint import load_weights
from foretaste.training.config import TrainConfig
from foretaste.training.loop import fit

M = TypeVar("M", bound=Scorer)


class Fitted(Protocol):
    """The keys of a recipe whose model is trained."""

    @property
    def seed(self) -> int: ...
    @property
    def mask_seen(self) -> bool: ...
    @property
    def train(self) -> TrainConfig: ...


JUDGED = "judged"
"""Under which name the log has what :func:`fit_stage` was told to choose by."""


def fit_stage(
    run: Run,
    model: M,
    batches: Batches,
    data: Dataset,
    split: Split,
    config: Fitted,
    *,
    stage: str = "fit",
    judge: Callable[[], float] | None = None,
) -> M:
    """Trains a model as one stage of a run, or reads it where that was done.

    Args:
        run: The run that owns the stage.
        model: The network, with its loss.
        batches: What it is fed.
        data: What is trained on.
        split: Training part and validation targets.
        config: The recipe's keys.
        stage: Name of the stage.
        judge: What an epoch is chosen by instead of the validation metric, the larger the better.
    """

    def validate() -> dict[str, float]:
        found = validation_metrics(model, split.valid, mask_seen=config.mask_seen)
        return found if judge is None else found | {JUDGED: judge()}

    def make(folder: Path) -> M:
        fit(
            model,
            batches,
            config.train,
            folder=folder,
            validate=validate,
            seed=config.seed,
            choose_by=chosen_by(split.valid) if judge is None else JUDGED,
        )
        return model

    def read(folder: Path) -> M:
        load_weights(folder / "weights.safetensors", model)
        return model

    return run.stage(
        stage, make, read, inputs={"config": config, "data": data.fingerprint, "model": type(model).__name__}
    )
