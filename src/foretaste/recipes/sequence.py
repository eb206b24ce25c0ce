"""The one stage that all sequence models share: fit on the training part, choose by the validation targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.cooccurrence import cooccurrence
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.backbones import BackboneConfig
from foretaste.models.losses import LossConfig
from foretaste.models.sequence import SequenceModel
from foretaste.nn.items import IdTable
from foretaste.nn.spectral import spectral_vectors
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.fitting import fit_stage
from foretaste.training.batches import SequenceBatches
from foretaste.training.config import TrainConfig

M = TypeVar("M", bound=SequenceModel)


@dataclass(frozen=True)
class SequenceRecipeConfig(RecipeConfig):
    """The keys that every sequence model has besides its own."""

    init: str = option(
        "spectral",
        "Item vectors to start from: eigenvectors of the training part's co-occurrences, or random ones.",
        choices=("spectral", "random"),
        paper="random",
    )
    recent_only: bool = option(
        False, "Train on the newest max_len items of a user only, instead of on windows over all.", paper="true"
    )
    train: TrainConfig = field(default_factory=TrainConfig, metadata={"help": "The training loop."})


@dataclass(frozen=True)
class BackboneRecipeConfig(BackboneConfig, LossConfig, SequenceRecipeConfig):
    """The keys of a method that works on any encoder: which one it is, and its loss."""


WINDOW, DECAY = 5, 0.8
"""Items up to five places apart co-occur, each place further counting a fifth less."""


def id_table(config: SequenceRecipeConfig, split: Split, num_items: int, *, dim: int, std: float) -> IdTable:
    """The item table that a sequence model starts from; it looks at the training part only."""
    sparse = config.train.optimizer == "sparse-adam"
    if config.init == "random":
        return IdTable(num_items, dim, std=std, sparse=sparse)
    near = cooccurrence(split.train, num_items, window=WINDOW, decay=DECAY)
    return IdTable(num_items, dim, start=spectral_vectors(near, dim, std=std, seed=config.seed), sparse=sparse)


def fit_sequence(
    run: Run,
    model: M,
    data: Dataset,
    split: Split,
    config: SequenceRecipeConfig,
    *,
    stage: str = "fit",
    judge: Callable[[], float] | None = None,
) -> M:
    """Trains a sequence model as one stage of a run, or reads it where that was done.

    Args:
        run: The run that owns the stage.
        model: The network, with its loss.
        data: What is trained on.
        split: Training part and validation targets.
        config: The recipe's keys.
        stage: Name of the stage.
        judge: What an epoch is chosen by instead of the validation metric, the larger the better.
    """
    batches = SequenceBatches(
        split.train,
        max_len=model.max_len,
        tokens=config.train.batch_tokens,
        seed=config.seed,
        recent_only=config.recent_only,
    )
    return fit_stage(run, model, batches, data, split, config, stage=stage, judge=judge)
