"""PAD's phases (arXiv 2412.04107): an expert alone, a copy aligned with the text, all of them behind the gate."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.errors import unknown
from foretaste.data.dataset import Dataset
from foretaste.data.frequency import frequency_bins
from foretaste.data.split import Split
from foretaste.models.auxiliary import Regularised
from foretaste.models.losses import catalogue_loss
from foretaste.models.pad import expert, parts, together
from foretaste.models.pad_alignment import DistributionAlignment, NoLoss
from foretaste.models.pad_experts import AlignedItems
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.items import IdTable
from foretaste.recipes.collaborative import network_of_run
from foretaste.recipes.pad_config import PADRecipeConfig
from foretaste.recipes.pad_study import Study, measured_discrepancy
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.sequence import fit_sequence, id_table


def fresh(
    run: Run, name: str, text: Tensor, data: Dataset, split: Split, config: PADRecipeConfig
) -> SequenceRecommender:
    """An expert that has learnt nothing yet."""
    seed_everything(config.seed)
    ids = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std) if name == "id" else None
    return expert(config, name, text, catalogue_loss(config, split.train, data.num_items), ids)


def alone(
    run: Run, name: str, text: Tensor, data: Dataset, split: Split, config: PADRecipeConfig
) -> SequenceRecommender:
    """An expert that is trained alone: phase 1 for ids, and the same for text."""
    model = fresh(run, name, text, data, split, config)
    given = config.id_run if name == "id" else config.text_run
    if given:
        return network_of_run(given, model, data, split, where=f"{name}_run={given}")
    return fit_sequence(run, model, data, split, config, stage=name)


def aligned(
    run: Run,
    first: SequenceRecommender,
    text: Tensor,
    data: Dataset,
    split: Split,
    config: PADRecipeConfig,
    study: Study,
) -> SequenceRecommender:
    """Phase 2: a copy of table and encoder is trained together with the text; the originals stay as they are."""
    assert isinstance(first.items, IdTable)
    seed_everything(config.seed)
    loss = catalogue_loss(config, split.train, data.num_items) if config.align.anchor else NoLoss()
    model = expert(config, "aligned", text, loss, deepcopy(first.items).cpu())
    if config.of("aligned") == config.of("id"):
        model.encoder = deepcopy(first.encoder).cpu()
    items = model.items
    assert isinstance(items, AlignedItems)
    keys = config.align
    rates = replace(config.train, lr=keys.lr or config.train.lr, epochs=keys.epochs or config.train.epochs)
    began = measured_discrepancy(keys, items, split)
    fit_sequence(
        run,
        Regularised(model, [DistributionAlignment(keys)] if keys.weight else []),
        data,
        split,
        replace(config, train=rates),
        stage="align",
        judge=None if keys.anchor else lambda: -measured_discrepancy(keys, items, split),
    )
    study.discrepancy = {"kernel": keys.kernel, "before": began, "after": measured_discrepancy(keys, items, split)}
    study.note("copy", items.ids.table())
    study.note("projected text", items.text.table())
    study.note("aligned", items.table())
    return model


def joined(
    run: Run, experts: list[SequenceRecommender], data: Dataset, split: Split, config: PADRecipeConfig
) -> SequenceRecommender:
    """Phase 3: all experts behind the gate; one alone has nothing more to learn."""
    seed_everything(config.seed)
    bins = torch.from_numpy(frequency_bins(split.train.counts(data.num_items), config.bins))
    network = together(config, experts, bins, catalogue_loss(config, split.train, data.num_items))
    if len(experts) == 1:
        return network
    named = parts(network, config)
    for name in config.freeze:
        if name not in named:
            raise unknown("part", name, named, where="freeze")
        named[name].requires_grad_(False)
    rates = replace(config.train, lr=config.experts_lr or config.train.lr)
    return fit_sequence(run, network, data, split, replace(config, train=rates), stage="experts")
