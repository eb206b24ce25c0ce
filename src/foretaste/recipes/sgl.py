"""SGL: LightGCN with a contrast of two randomly thinned graphs."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.graph_contrast import ViewContrast
from foretaste.models.lightgcn import LightGCN, training_graph
from foretaste.models.pair_losses import pair_loss
from foretaste.nn.graph_views import KINDS
from foretaste.recipes.lightgcn import LightGCNRecipeConfig, build
from foretaste.recipes.pairs import fit_pairs
from foretaste.recipes.registry import Recipe
from foretaste.recipes.space import Range
from foretaste.recipes.spaces import PAIRS


@dataclass(frozen=True)
class SGLConfig(LightGCNRecipeConfig):
    """All keys of the recipe."""

    view: str = option(
        "edges",
        "What a view leaves out: edges, nodes with all their edges, or (walk) other edges in each layer.",
        choices=KINDS,
        paper="edges (SGL-ED), the best on average",
    )
    drop: float = option(0.1, "Share that a view leaves out.", paper="0.1 (0.4 on iFashion)", low=0, high=0.99)
    contrast_weight: float = option(0.1, "Weight of the contrast.", paper="0.02 to 0.5, 0.1 on Yelp2018", low=0)
    contrast_temperature: float = option(0.2, "Temperature of the contrast.", paper="0.2 (0.5 on iFashion)", low=1e-3)


def train(run: Run, data: Dataset, split: Split, config: SGLConfig) -> LightGCN:
    """Fits the network on the graph of the training part, and on two thinner ones in each epoch."""
    term = ViewContrast(
        config.view,
        config.drop,
        weight=config.contrast_weight,
        temperature=config.contrast_temperature,
        seed=config.seed,
    )
    loss = pair_loss(config, split.train, data.num_items)
    graph = training_graph(split.train, data.num_items)
    return fit_pairs(run, LightGCN(graph, config, loss, cosine=config.cosine, terms=[term]), data, split, config)


RECIPE = Recipe(
    name="sgl",
    summary="LightGCN with a self-supervised contrast of two randomly thinned graphs.",
    source="Wu et al., SIGIR 2021, arXiv 2010.10783",
    config=SGLConfig,
    train=train,
    build=build,
    space={**PAIRS, "contrast_weight": Range(0.01, 1.0, log=True), "drop": Range(0.05, 0.5)},
)
