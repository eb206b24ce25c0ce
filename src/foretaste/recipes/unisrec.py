"""UniSRec: items are their texts, through an adapter that learns to spread them; with free vectors if wanted."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.backbones import backbone
from foretaste.models.losses import catalogue_loss
from foretaste.models.mapped import Keys, MappedLoss, MappedRecommender, UnitItems, UnitStates, as_read
from foretaste.models.unisrec import Standard, StandardAdapter, Sum, WhiteningExperts, linear_adapter
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.text_items import TextTable
from foretaste.recipes.registry import Recipe
from foretaste.recipes.sequence import fit_sequence, id_table
from foretaste.recipes.spaces import SEQUENCE
from foretaste.recipes.text_sequence import TextSequenceConfig, text_vectors


@dataclass(frozen=True)
class UniSRecConfig(TextSequenceConfig):
    """All keys of the recipe."""

    adapter: str = option(
        "moe",
        "From text to item vectors: a mixture of parametric whitenings, or one linear map.",
        choices=("moe", "linear"),
        paper="moe",
    )
    experts: int = option(8, "Maps in the mixture.", paper="8", low=1)
    adapter_dropout: float = option(0.2, "Dropout on the text vectors, for moe.", paper="0.2", low=0, high=0.99)
    whiten: str = option(
        "none",
        "Fixed whitening of the text vectors before the adapter: none, principal components, or turned back (zca).",
        choices=("none", "pca", "zca"),
        paper="none",
    )
    whiten_dim: int = option(0, "Components that pca and zca keep; 0 keeps all.", low=0)
    score: str = option(
        "cosine",
        "Compare states with items by cosines over tau, or by inner products.",
        choices=("cosine", "dot"),
        paper="cosine",
    )
    tau: float = option(0.07, "Temperature of the cosines.", paper="0.07", low=1e-3)
    with_ids: bool = option(
        False, "Add a free vector for each item to what its text says.", paper="false (inductive), true (transductive)"
    )


def train(run: Run, data: Dataset, split: Split, config: UniSRecConfig) -> MappedRecommender:
    """Reads the texts, and trains adapter and encoder on them; the text vectors stay as they are."""
    vectors = text_vectors(run, data, config)
    adapter = adapter_of(config, vectors.shape[1], vectors)
    items: ItemRepresentation = TextTable(vectors, adapter, config.dim)
    if config.with_ids:
        items = Sum(items, id_table(config, split, data.num_items, dim=config.dim, std=config.init_std))
    model = network(config, items, vectors.shape[1], catalogue_loss(config, split.train, data.num_items))
    return fit_sequence(run, model, data, split, config)


def build(config: UniSRecConfig, sizes: dict[str, int]) -> MappedRecommender:
    """The network without its weights."""
    width = sizes["text_dim"]
    text = TextTable(torch.zeros(sizes["num_items"], width), adapter_of(config, width), config.dim)
    ids = IdTable(sizes["num_items"], config.dim) if config.with_ids else None
    return network(config, text if ids is None else Sum(text, ids), width)


def network(
    config: UniSRecConfig, items: ItemRepresentation, width: int, loss: CatalogueLoss | None = None
) -> MappedRecommender:
    """The backbone on these items, with the scores that the keys name."""
    query: nn.Module = UnitStates(config.tau) if config.score == "cosine" else nn.Identity()
    keys: Keys = UnitItems if config.score == "cosine" else as_read
    mapped = None if loss is None else MappedLoss(loss, query, keys)
    return MappedRecommender(backbone(config, items, mapped), query, keys, sizes={"text_dim": width})


def adapter_of(config: UniSRecConfig, width: int, vectors: Tensor | None = None) -> nn.Module:
    """The adapter that the keys name, its fixed part fitted to ``vectors`` where they are given."""
    between = min(config.whiten_dim or width, width) if config.whiten == "pca" else width
    standard = Standard(width, between, config.whiten, keep=config.whiten_dim)
    if vectors is not None:
        standard.fit(vectors)
    if config.adapter == "linear":
        return StandardAdapter(standard, linear_adapter(between, config.dim, std=config.init_std))
    experts = WhiteningExperts(
        between, config.dim, experts=config.experts, dropout=config.adapter_dropout, std=config.init_std
    )
    return StandardAdapter(standard, experts)


RECIPE = Recipe(
    name="unisrec",
    summary="Items are their texts, through a mixture of whitening maps; cosine scores.",
    source="Hou et al., KDD 2022, arXiv 2206.05941",
    config=UniSRecConfig,
    train=train,
    build=build,
    space={**SEQUENCE, "adapter": ("moe", "linear")},
)
