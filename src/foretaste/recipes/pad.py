"""PAD: embed items, pre-train on ids, align a copy with the text, fit all experts behind the gate, study, serve."""

from __future__ import annotations

import torch
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.frequency import frequency_bins
from foretaste.data.split import Split
from foretaste.models.neighbour_expert import NeighbourExpert
from foretaste.models.pad import expert, together
from foretaste.models.pad_config import check
from foretaste.models.sequence import SequenceRecommender
from foretaste.recipes.neighbour_choice import tuned_neighbours
from foretaste.recipes.pad_config import PADRecipeConfig
from foretaste.recipes.pad_phases import aligned, alone, fresh, joined
from foretaste.recipes.pad_study import Study
from foretaste.recipes.registry import Recipe
from foretaste.recipes.spaces import SEQUENCE
from foretaste.recipes.text_sequence import spread_text
from foretaste.recipes.texts import embed_items


def train(run: Run, data: Dataset, split: Split, config: PADRecipeConfig) -> NeighbourExpert:
    """The paper's phases, in the paper's order, and beside them the expert that learns nothing."""
    check(config)
    text = _text(run, data, config)
    study = Study(split, data.num_items, config.bins)
    found: dict[str, SequenceRecommender] = {}
    if config.experts != "text":
        found["id"] = alone(run, "id", text, data, split, config)
        study.note("id", found["id"].items.table())
    if "aligned" in config.names:
        found["aligned"] = aligned(run, found["id"], text, data, split, config, study)
    if "text" in config.names:
        trained = config.text_start == "trained" or config.experts == "text"
        found["text"] = (alone if trained else fresh)(run, "text", text, data, split, config)
    network = joined(run, [found[name] for name in config.names], data, split, config)
    if config.study:
        study.write(run, network, config)
    return _served(run, network, split, config, text.shape[1])


def build(config: PADRecipeConfig, sizes: dict[str, int]) -> NeighbourExpert:
    """The network without its weights."""
    text = torch.zeros(sizes["num_items"], sizes["text_dim"])
    bins = torch.zeros(len(text), dtype=torch.int64)
    network = together(config, [expert(config, name, text) for name in config.names], bins)
    return _beside(network, bins, config)


def _text(run: Run, data: Dataset, config: PADRecipeConfig) -> Tensor:
    """Text vectors as the projections read them, or one empty column where nothing reads them."""
    if config.experts == "id":
        return torch.zeros(data.num_items, 1)
    return spread_text(run, embed_items(run, data, config.text), config, config.dim, std=config.init_std)


def _served(
    run: Run, network: SequenceRecommender, split: Split, config: PADRecipeConfig, width: int
) -> NeighbourExpert:
    """The network with the expert that learns nothing beside it."""
    bins = frequency_bins(split.train.counts(network.num_items), config.bins)
    model = _beside(network, torch.from_numpy(bins), config)
    model.sizes = {"text_dim": width}
    if config.tune_neighbours and model.text is not None:
        model.serve_with(tuned_neighbours(run, model, split, config, mask_seen=config.mask_seen))
    return model


def _beside(network: SequenceRecommender, bins: Tensor, config: PADRecipeConfig) -> NeighbourExpert:
    return NeighbourExpert(network, bins, config, count=config.bins, decay=config.neighbour_decay)


RECIPE = Recipe(
    name="pad",
    summary="Experts for ids, texts and both, kept apart and weighed by how often an item occurs.",
    source="SIGIR 2025, arXiv 2412.04107",
    config=PADRecipeConfig,
    train=train,
    build=build,
    space={**SEQUENCE, "experts_lr": (5e-5, 1e-4, 2e-4, 5e-4), "align.weight": (0.05, 0.2, 1.0)},
)
