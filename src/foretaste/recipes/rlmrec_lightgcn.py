"""RLMRec on LightGCN, the paper's own backbone: read the texts, then train with both losses."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.graph_alignment import ProfileContrast, ProfileGeneration
from foretaste.models.graph_term import GraphTerm
from foretaste.models.history_means import history_means
from foretaste.models.lightgcn import LightGCN, training_graph
from foretaste.models.pair_losses import pair_loss
from foretaste.recipes.lightgcn import LightGCNRecipeConfig, build
from foretaste.recipes.pairs import fit_pairs
from foretaste.recipes.registry import Recipe
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.space import Range
from foretaste.recipes.spaces import PAIRS
from foretaste.recipes.title_text import TitleTextConfig, read_titles


@dataclass(frozen=True)
class RLMRecLightGCNConfig(TitleTextConfig, LightGCNRecipeConfig):
    """All keys of the recipe."""

    align: str = option(
        "con",
        "con: which node's text is it; gen: the texts of hidden nodes from what the graph says of them.",
        choices=("con", "gen"),
        paper="con and gen",
    )
    weight: float = option(0.1, "Weight of the alignment.", paper="0.01 (con), 0.01 to 0.1 (gen)", low=0)
    tau: float = option(0.2, "Temperature of the alignment.", paper="0.2 (con), 0.1 to 1 (gen)", low=1e-3)
    share: float = option(
        0.15, "Share of a batch's nodes that gen hides.", paper="0.05 to 0.15 of all nodes", low=0, high=1
    )


def train(run: Run, data: Dataset, split: Split, config: RLMRecLightGCNConfig) -> LightGCN:
    """Reads the texts, and trains on the graph of the training part with both losses."""
    items = read_titles(run, data, config)
    seed_everything(config.seed)
    loss = pair_loss(config, split.train, data.num_items)
    graph = training_graph(split.train, data.num_items)
    term = alignment(history_means(split.train, items), items, config)
    return fit_pairs(run, LightGCN(graph, config, loss, cosine=config.cosine, terms=[term]), data, split, config)


def alignment(users: Tensor, items: Tensor, config: RLMRecLightGCNConfig) -> GraphTerm:
    """The second loss that the keys describe, over text vectors of users and items."""
    if config.align == "con":
        return ProfileContrast(users, items, config.dim, weight=config.weight, temperature=config.tau)
    return ProfileGeneration(users, items, config.dim, weight=config.weight, temperature=config.tau, share=config.share)


RECIPE = Recipe(
    name="rlmrec-lightgcn",
    summary="LightGCN whose users and items are kept in touch with their texts by a second loss.",
    source="Ren et al., WWW 2024, arXiv 2310.15950",
    config=RLMRecLightGCNConfig,
    train=train,
    build=build,
    space={**PAIRS, "weight": Range(0.01, 1.0, log=True)},
)
