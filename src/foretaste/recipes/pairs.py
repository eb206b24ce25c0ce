"""The one stage that models of user-item pairs share: fit on the interactions, choose by the validation targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.two_sided import TwoSided
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.fitting import fit_stage
from foretaste.training.batches import Batches
from foretaste.training.config import TrainConfig
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
    return fit_stage(run, model, source, data, split, config, stage=stage)
