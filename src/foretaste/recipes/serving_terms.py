"""What is added to a trained model's scores as one stage of a run: chosen by the validation targets, or as given."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.files import read_json, write_json
from foretaste.data.split import Split
from foretaste.models.sequence import SequenceRecommender
from foretaste.models.serving_terms import ServedModel, ServingConfig
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.serving_grid import GRID, choose_serving

CHOICE = "serving.json"


@dataclass(frozen=True)
class ServedConfig(ServingConfig):
    """What is added to the scores, and whether the validation targets say how much."""

    tune_serving: bool = option(
        True,
        "Choose content term, router and debiasing by the validation targets after training; else they are as given.",
        paper="false",
    )
    tail_slack: float = option(
        0.02, "Share of the best NDCG@10 that this may give up for more NDCG@10 of tail items; 0 gives up none.",
        paper="0", low=0, high=1,
    )  # fmt: skip


@dataclass(frozen=True)
class ServedRecipeConfig(ServedConfig, RecipeConfig):
    """The keys that :func:`served` reads."""


def served(run: Run, network: SequenceRecommender, split: Split, config: ServedRecipeConfig) -> ServedModel:
    """The trained network with what is added to its scores, which is chosen here where the config asks for it."""
    popularity = torch.from_numpy(split.train.counts(network.num_items))
    model = ServedModel(network, popularity, config)
    model.sizes = {"text_dim": 1 if model.text is None else model.text.vectors.shape[1]}
    if config.tune_serving and model.text is not None:
        model.serve_with(tuned_serving(run, model, split, config))
    return model


def tuned_serving(run: Run, model: ServedModel, split: Split, config: ServedRecipeConfig) -> ServingConfig:
    """The best of a small grid as one stage of a run.

    Args:
        run: The run that owns the stage.
        model: The trained model; what it serves with is left as it was.
        split: Its validation targets are what is looked at.
        config: Whether seen items are masked, and what the terms are chosen by.
    """

    def make(folder: Path) -> ServingConfig:
        best, tried = choose_serving(model, split, mask_seen=config.mask_seen, tail_slack=config.tail_slack)
        write_json(folder / CHOICE, {"chosen": asdict(best), "tried": tried})
        return best

    def read(folder: Path) -> ServingConfig:
        return ServingConfig(**read_json(folder / CHOICE)["chosen"])

    return run.stage("serving", make, read, inputs={"grid": GRID, "tail_slack": config.tail_slack})
