"""FDSA: histories read twice, as items and as features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import nn

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.backbones import backbone
from foretaste.models.fdsa import Attribute, Features, TwoStreams
from foretaste.models.losses import catalogue_loss
from foretaste.models.mapped import MappedLoss, MappedRecommender, first_view
from foretaste.models.unisrec import Standard, StandardAdapter, linear_adapter
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.text_items import TextTable, Views
from foretaste.recipes.registry import Recipe
from foretaste.recipes.sequence import fit_sequence, id_table
from foretaste.recipes.spaces import SEQUENCE
from foretaste.recipes.text_sequence import TextSequenceConfig, text_vectors

MOST_VALUES = 32
"""Values of an attribute that are read of one item."""


@dataclass(frozen=True)
class FDSAConfig(TextSequenceConfig):
    """All keys of the recipe."""

    attributes: tuple[str, ...] = option(
        ("brand", "categories"),
        "Columns that are attributes beside the text; those that the catalogue lacks are passed over.",
        paper="category, brand, text",
    )
    rarest: int = option(2, "Items that share a value of an attribute, at least; rarer values are left out.", low=1)


def train(run: Run, data: Dataset, split: Split, config: FDSAConfig) -> MappedRecommender:
    """Reads texts and attributes, and trains both streams."""
    vectors = text_vectors(run, data, config)
    held = {name: attribute_values(data.catalogue, name, config.rarest) for name in config.attributes}
    sizes = {"num_items": data.num_items, "text_dim": vectors.shape[1]}
    for name, (values, table) in held.items():
        sizes |= {f"{name}.values": values, f"{name}.widest": table.shape[1]}
    ids = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std)
    features = features_of(config, sizes)
    text = features.text
    assert isinstance(text, TextTable)
    assert isinstance(text.adapter, StandardAdapter)
    text.vectors.copy_(vectors)
    text.adapter.standard.fit(vectors)
    for attribute, (_, table) in zip(features.attributes, (h for h in held.values() if h[0]), strict=True):
        assert isinstance(attribute, Attribute)
        attribute.fill(torch.from_numpy(table))
    model = network(config, Views([ids, features]), sizes, catalogue_loss(config, split.train, data.num_items))
    return fit_sequence(run, model, data, split, config)


def build(config: FDSAConfig, sizes: dict[str, int]) -> MappedRecommender:
    """The network without its weights."""
    ids = IdTable(sizes["num_items"], config.dim)
    return network(config, Views([ids, features_of(config, sizes)]), sizes)


def features_of(config: FDSAConfig, sizes: dict[str, int]) -> Features:
    """The feature vectors of catalogues of these sizes, without texts and values."""
    num_items, width = sizes["num_items"], sizes["text_dim"]
    adapter = StandardAdapter(Standard(width, width, "none"), linear_adapter(width, config.dim, std=config.init_std))
    attributes = [
        Attribute(num_items, values, sizes[f"{name}.widest"], config.dim, std=config.init_std)
        for name in config.attributes
        if (values := sizes[f"{name}.values"])
    ]
    return Features(TextTable(torch.zeros(num_items, width), adapter, config.dim), attributes)


def network(
    config: FDSAConfig, items: ItemRepresentation, sizes: dict[str, int], loss: CatalogueLoss | None = None
) -> MappedRecommender:
    """Two encoders of the backbone's kind side by side, and a map from both to one state."""
    second = backbone(config, items).encoder
    query = joining_map(config.dim)
    mapped = None if loss is None else MappedLoss(loss, query, first_view)
    model = backbone(config, items, mapped, wrap=lambda first, _: TwoStreams(first, second))
    return MappedRecommender(model, query, first_view, sizes=sizes)


def joining_map(dim: int) -> nn.Linear:
    """From both states to one. It starts from the state of the items alone, which the start vectors were made for."""
    query = nn.Linear(2 * dim, dim)
    with torch.no_grad():
        query.weight[:, :dim] = torch.eye(dim)
        query.weight[:, dim:] = 0.0
        query.bias.zero_()
    return query


def attribute_values(catalogue: pl.DataFrame, column: str, rarest: int) -> tuple[int, NDArray[np.int64]]:
    """Which values of a column each item has.

    Args:
        catalogue: One row for each item, in dense-id order.
        column: A column of texts, numbers or lists of them; one that is not there has no values.
        rarest: Items that share a value, at least.

    Returns:
        How many values there are, and ``(num_items, widest)`` their numbers, −1 where an item has no more.
    """
    nothing = np.full((catalogue.height, 1), -1)
    if column not in catalogue.columns:
        return 0, nothing
    values = pl.col(column).cast(pl.String)
    table = catalogue.select(pl.col(column)).with_row_index("item")
    if isinstance(catalogue.schema[column], pl.List):
        table = table.explode(column)
    table = table.select("item", values.str.strip_chars().str.to_lowercase().alias("value"))
    table = table.filter(pl.col("value").is_not_null() & (pl.col("value") != "")).unique(maintain_order=True)
    table = table.filter(pl.len().over("value") >= rarest)
    table = table.with_columns(pl.int_range(pl.len()).over("item").alias("place")).filter(pl.col("place") < MOST_VALUES)
    if not table.height:
        return 0, nothing
    numbers = table["value"].rank("dense").cast(pl.Int64).to_numpy() - 1
    held = np.full((catalogue.height, int(table["place"].max()) + 1), -1)  # type: ignore[arg-type]
    held[table["item"].to_numpy(), table["place"].to_numpy()] = numbers
    return int(numbers.max()) + 1, held


RECIPE = Recipe(
    name="fdsa",
    summary="Two encoders, over items and over their features, joined before scoring.",
    source="Zhang et al., IJCAI 2019",
    config=FDSAConfig,
    train=train,
    build=build,
    space=SEQUENCE,
)
