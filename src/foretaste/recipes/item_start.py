"""The last stage of methods that make item vectors beforehand: a backbone that starts from them, or leaves them be."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.backbones import backbone
from foretaste.models.losses import catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.adapters import Adapter
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.reduce import pca, whiten
from foretaste.nn.text_items import TextTable
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.sequence import BackboneRecipeConfig, fit_sequence


@dataclass(frozen=True)
class ItemStartConfig(BackboneRecipeConfig):
    """Backbone, loss, training loop, and what becomes of the item vectors made beforehand."""

    init: str = option(
        "pca",
        "How the vectors become as wide as item vectors: principal components, as they are or whitened.",
        choices=("pca", "whiten"),
    )
    frozen: bool = option(False, "Leave the vectors as they are and train a linear adapter behind them instead.")


def fit_from_vectors(
    run: Run, vectors: Tensor, data: Dataset, split: Split, config: ItemStartConfig
) -> SequenceRecommender:
    """Trains the backbone as the stage ``fit``; afterwards every item has one vector, adapted or not.

    Args:
        run: The run that owns the stage.
        vectors: Of all items, ``(num_items, D)``.
        data: What is trained on.
        split: Training part and validation targets.
        config: The recipe's keys.
    """
    seed_everything(config.seed)
    items = _items(vectors, config)
    model = backbone(config, items, catalogue_loss(config, split.train, data.num_items))
    fit_sequence(run, model, data, split, config)
    if config.frozen:
        table = model.items.table().detach()
        model.items = IdTable(data.num_items, config.dim, start=table)
    return model


def _items(vectors: Tensor, config: ItemStartConfig) -> ItemRepresentation:
    """The table that training starts from; frozen vectors are scaled to a common standard deviation of 1."""
    reduce = whiten if config.init == "whiten" else pca
    if config.frozen:
        wide = min(vectors.shape)
        rows = reduce(vectors, wide)
        rows = rows / rows.std().clamp_min(1e-12)
        return TextTable(rows, Adapter([wide, config.dim]), config.dim)
    rows = reduce(vectors, config.dim)
    rows = rows * (config.init_std / rows.std().clamp_min(1e-12))
    return IdTable(len(vectors), config.dim, start=rows, sparse=config.train.optimizer == "sparse-adam")
