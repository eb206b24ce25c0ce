"""PAD: embed items, pre-train on ids, align a copy with the text, fit all experts behind the gate, study."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.errors import unknown
from foretaste.data.dataset import Dataset
from foretaste.data.frequency import frequency_bins
from foretaste.data.split import Split
from foretaste.models.auxiliary import Regularised
from foretaste.models.losses import catalogue_loss
from foretaste.models.pad import PADConfig, check, expert, parts, together
from foretaste.models.pad_alignment import AlignConfig, DistributionAlignment, NoLoss
from foretaste.models.pad_experts import AlignedItems
from foretaste.models.sequence import SequenceRecommender
from foretaste.models.serving_terms import ServedModel
from foretaste.nn.items import IdTable
from foretaste.recipes.collaborative import network_of_run
from foretaste.recipes.pad_study import Study, measured_discrepancy
from foretaste.recipes.registry import Recipe
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.sequence import fit_sequence, id_table
from foretaste.recipes.serving_terms import ServedRecipeConfig, tuned_serving
from foretaste.recipes.spaces import SEQUENCE
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.text_sequence import TextSequenceConfig, spread_text
from foretaste.recipes.texts import embed_items


@dataclass(frozen=True)
class PADRecipeConfig(PADConfig, ServedRecipeConfig, TextSequenceConfig):
    """All keys of the recipe."""

    text: TextConfig = field(
        default_factory=lambda: TextConfig(layers="all"),
        metadata={"help": "What is told of an item, and to whom; all layers, where the model is narrow."},
    )
    align: AlignConfig = field(default_factory=AlignConfig, metadata={"help": "The second phase."})
    text_start: str = option(
        "trained",
        "Where the text expert starts in the last stage: trained alone before, as the id expert is, or from scratch.",
        choices=("trained", "random"),
        paper="random",
    )
    experts_lr: float | None = option(
        5e-4, "Peak learning rate of the last stage; none: train.lr.", paper="1e-4, ten times the others'", low=0
    )
    freeze: tuple[str, ...] = option(
        (),
        "Parts that the last stage leaves as they are: gate, id.items, id.encoder, aligned.items (or aligned.ids, "
        "aligned.text), aligned.encoder, text.items, text.encoder.",
        paper="none; ablations",
    )
    id_run: str = option(
        "", "Finished run of pad (experts=id) or of a plain backbone that the id expert is taken from."
    )
    text_run: str = option("", "Finished run of pad with experts=text that the text expert is taken from.")
    study: bool = option(True, "Measure what the alignment kept of the collaborative order, and write it down.")
    tune_serving: bool = option(
        False, "Choose a content term by the validation targets; scores are then more than one inner product."
    )
    tail_slack: float = option(
        0.0, "Share of the best NDCG@10 that this may give up for more of it on tail items.", low=0, high=1
    )


def train(run: Run, data: Dataset, split: Split, config: PADRecipeConfig) -> ServedModel:
    """The paper's phases, in the paper's order."""
    check(config)
    text = _text(run, data, config)
    study = Study(split, data.num_items, config.bins)
    found: dict[str, SequenceRecommender] = {}
    if config.experts != "text":
        found["id"] = _alone(run, "id", text, data, split, config)
        study.note("id", found["id"].items.table())
    if "aligned" in config.names:
        found["aligned"] = _aligned(run, found["id"], text, data, split, config, study)
    if "text" in config.names:
        trained = config.text_start == "trained" or config.experts == "text"
        found["text"] = (_alone if trained else _fresh)(run, "text", text, data, split, config)
    network = _experts(run, [found[name] for name in config.names], data, split, config)
    if config.study:
        study.write(run, network, config)
    return _served(run, network, split, config, text.shape[1])


def build(config: PADRecipeConfig, sizes: dict[str, int]) -> ServedModel:
    """The network without its weights."""
    text = torch.zeros(sizes["num_items"], sizes["text_dim"])
    bins = torch.zeros(len(text), dtype=torch.int64)
    network = together(config, [expert(config, name, text) for name in config.names], bins)
    return ServedModel(network, torch.zeros_like(bins), config)


def _text(run: Run, data: Dataset, config: PADRecipeConfig) -> Tensor:
    """Text vectors as the projections read them, or one empty column where nothing reads them."""
    if config.experts == "id":
        return torch.zeros(data.num_items, 1)
    return spread_text(run, embed_items(run, data, config.text), config, config.dim, std=config.init_std)


def _fresh(
    run: Run, name: str, text: Tensor, data: Dataset, split: Split, config: PADRecipeConfig
) -> SequenceRecommender:
    """An expert that has learnt nothing yet."""
    seed_everything(config.seed)
    ids = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std) if name == "id" else None
    return expert(config, name, text, catalogue_loss(config, split.train, data.num_items), ids)


def _alone(
    run: Run, name: str, text: Tensor, data: Dataset, split: Split, config: PADRecipeConfig
) -> SequenceRecommender:
    """An expert that is trained alone: phase 1 for ids, and the same for text."""
    model = _fresh(run, name, text, data, split, config)
    given = config.id_run if name == "id" else config.text_run
    if given:
        return network_of_run(given, model, data, split, where=f"{name}_run={given}")
    return fit_sequence(run, model, data, split, config, stage=name)


def _aligned(
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


def _experts(
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


def _served(run: Run, network: SequenceRecommender, split: Split, config: PADRecipeConfig, width: int) -> ServedModel:
    """The network with what is added to its scores, if anything is."""
    popularity = torch.from_numpy(split.train.counts(network.num_items))
    model = ServedModel(network, popularity, config, sizes={"text_dim": width})
    if config.tune_serving:
        model.serve_with(tuned_serving(run, model, split, config))
    return model


RECIPE = Recipe(
    name="pad",
    summary="Experts for ids, texts and both, kept apart and weighed by how often an item occurs.",
    source="SIGIR 2025, arXiv 2412.04107",
    config=PADRecipeConfig,
    train=train,
    build=build,
    space={**SEQUENCE, "experts_lr": (2e-4, 5e-4, 1e-3), "align.weight": (0.05, 0.2, 1.0)},
)
