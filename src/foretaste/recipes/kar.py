"""KAR on LightGCN or MF: read the texts, then train ids and adaptor together."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.history_means import history_means
from foretaste.models.kar import ExpertConfig, augmented_tables
from foretaste.models.lightgcn import LightGCN, training_graph
from foretaste.models.mf import MF, MFConfig
from foretaste.models.pair_losses import pair_loss
from foretaste.models.pairs import PairModel, free_tables
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.recipes.lightgcn import LightGCNRecipeConfig
from foretaste.recipes.pairs import fit_pairs
from foretaste.recipes.registry import Recipe
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.spaces import PAIRS
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.title_text import TitleTextConfig, read_titles


@dataclass(frozen=True)
class KARConfig(ExpertConfig, TitleTextConfig, LightGCNRecipeConfig):
    """All keys of the recipe; ``layers`` is for LightGCN alone."""

    backbone: str = option(
        "lightgcn", "What is augmented.", choices=("lightgcn", "mf"), paper="LightGCN, MF and others (as a baseline)"
    )
    text: TextConfig = field(
        default_factory=lambda: TextConfig(reduce=128), metadata={"help": "What is told of an item, and to whom."}
    )


def train(run: Run, data: Dataset, split: Split, config: KARConfig) -> PairModel:
    """Reads the texts, and trains on them and the interactions."""
    items = read_titles(run, data, config)
    seed_everything(config.seed)
    texts = history_means(split.train, items), items
    loss = pair_loss(config, split.train, data.num_items)
    return fit_pairs(
        run, _network(config, texts, training_graph(split.train, data.num_items), loss), data, split, config
    )


def build(config: KARConfig, sizes: dict[str, int]) -> PairModel:
    """The network without weights, texts and edges."""
    users, items, width = sizes["num_users"], sizes["num_items"], sizes["text_dim"]
    graph = BipartiteGraph(users, items, sizes.get("edges", 0))
    return _network(config, (torch.zeros(users, width), torch.zeros(items, width)), graph)


def _network(
    config: KARConfig, texts: tuple[Tensor, Tensor], graph: BipartiteGraph, loss: CatalogueLoss | None = None
) -> PairModel:
    free = free_tables(graph.num_users, graph.num_items, config.dim, std=config.init_std)
    tables = augmented_tables(free, texts, config)
    model: PairModel
    if config.backbone == "mf":
        keys = MFConfig(config.dim, config.init_std, config.l2, config.ridge, config.fresh)
        model = MF(graph.num_users, graph.num_items, keys, loss, cosine=config.cosine, tables=tables)
    else:
        model = LightGCN(graph, config, loss, cosine=config.cosine, tables=tables)
    model.sizes["text_dim"] = texts[1].shape[1]
    return model


RECIPE = Recipe(
    name="kar",
    summary="Ids joined with text that went through shared and own experts, on LightGCN or MF.",
    source="Xi et al., RecSys 2024, arXiv 2306.10933, as RLMRec's and AlphaRec's baseline",
    config=KARConfig,
    train=train,
    build=build,
    space=PAIRS,
)
