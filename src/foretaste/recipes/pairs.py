"""The one stage that models of user-item pairs share: fit on the interactions, choose by the validation targets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.evaluation.evaluate import chosen_by, validation_metrics
from foretaste.models.two_sided import TwoSided
from foretaste.recipes.config import RecipeConfig
from foretaste.training.batches import Batches
from foretaste.training.checkpoint import load_weights
from foretaste.training.config import TrainConfig
from foretaste.training.loop import fit
from foretaste.training.pairs import PairBatches

M = TypeVar("M", bound=TwoSided)


@dataclass(frozen=True)
class PairRecipeConfig(RecipeConfig):
    """The keys that every model of pairs has besides its own."""

    train: TrainConfig = option(TrainConfig(batch_tokens=2048, lr=1e-2), "The training loop.")


def fit_pairs(
    run: Run,
    model: M,
    data: Dataset,
    split: Split,
    config: PairRecipeConfig,
    *,
    stage: str = "fit",
    batches: Batches | None = None,
) -> M:
    """Trains a model of pairs as one stage of a run, or reads it where that was done.

    Args:
        run: The run that owns the stage.
        model: The network, with its loss.
        data: What is trained on.
        split: Training part and validation targets.
        config: The recipe's keys.
        stage: Name of the stage.
        batches: Where batches come from; default: all interactions of the training part, shuffled.
    """
    source = batches or PairBatches(split.train, size=config.train.batch_tokens, seed=config.seed)

    def make(folder: Path) -> M:
        fit(
            model,
            source,
            config.train,
            folder=folder,
            validate=lambda: validation_metrics(model, split.valid, mask_seen=config.mask_seen),
            seed=config.seed,
            choose_by=chosen_by(split.valid),
        )
        return model

    def read(folder: Path) -> M:
        load_weights(folder / "weights.safetensors", model)
        return model

    return run.stage(
        stage, make, read, inputs={"config": config, "data": data.fingerprint, "model": type(model).__name__}
    )
