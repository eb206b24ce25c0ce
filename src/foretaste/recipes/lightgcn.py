"""LightGCN: one stage."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.lightgcn import LightGCN, LightGCNConfig, training_graph
from foretaste.models.pair_losses import PairLossConfig, pair_loss
from foretaste.nn.graph import BipartiteGraph
from foretaste.recipes.pairs import PairRecipeConfig, fit_pairs
from foretaste.recipes.registry import Recipe
from foretaste.recipes.spaces import PAIRS


@dataclass(frozen=True)
class LightGCNRecipeConfig(LightGCNConfig, PairLossConfig, PairRecipeConfig):
    """All keys of the recipe."""


def train(run: Run, data: Dataset, split: Split, config: LightGCNRecipeConfig) -> LightGCN:
    """Fits the network on the graph of the training part."""
    graph = training_graph(split.train, data.num_items)
    loss = pair_loss(config, split.train, data.num_items)
    return fit_pairs(run, LightGCN(graph, config, loss, cosine=config.cosine), data, split, config)


def build(config: LightGCNRecipeConfig, sizes: dict[str, int]) -> LightGCN:
    """The network without its weights and edges."""
    graph = BipartiteGraph(sizes["num_users"], sizes["num_items"], sizes["edges"])
    return LightGCN(graph, config, cosine=config.cosine)


RECIPE = Recipe(
    name="lightgcn",
    summary="Vectors smoothed over the graph of who took what.",
    source="He et al., SIGIR 2020, arXiv 2002.02126",
    config=LightGCNRecipeConfig,
    train=train,
    build=build,
    space=PAIRS,
)
