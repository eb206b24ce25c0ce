"""A plain backbone that a method starts from: trained as its first stage, or taken from a finished run."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.sequence import SequenceRecommender
from foretaste.recipes.collaborative import network_of_run
from foretaste.recipes.sequence import SequenceRecipeConfig, fit_sequence


@dataclass(frozen=True)
class PretrainedConfig(SequenceRecipeConfig):
    """The keys of a method whose first stage is a plain backbone."""

    pretrained: str = option(
        "", "Finished run of the plain backbone, on the same data, that is taken; empty: one is trained."
    )


def pretrain(
    run: Run, model: SequenceRecommender, data: Dataset, split: Split, config: PretrainedConfig
) -> SequenceRecommender:
    """The backbone, trained. One of a run with the same keys is the same to the last bit.

    Args:
        run: The run that owns the stage ``pretrain``.
        model: The backbone; its weights are filled in.
        data: What is trained on.
        split: Training part and validation targets.
        config: The recipe's keys.
    """
    if config.pretrained:
        return network_of_run(config.pretrained, model, data, split, where=f"pretrained={config.pretrained}")
    return fit_sequence(run, model, data, split, config, stage="pretrain")
