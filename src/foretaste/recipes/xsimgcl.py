"""XSimGCL: LightGCN with noise in its layers, and a contrast between them."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.graph_contrast import LayerContrast, SignedNoise
from foretaste.models.lightgcn import LightGCN, training_graph
from foretaste.models.pair_losses import pair_loss
from foretaste.nn.graph import BipartiteGraph
from foretaste.recipes.lightgcn import LightGCNRecipeConfig
from foretaste.recipes.pairs import fit_pairs
from foretaste.recipes.registry import Recipe
from foretaste.recipes.space import Range
from foretaste.recipes.spaces import PAIRS


@dataclass(frozen=True)
class XSimGCLConfig(LightGCNRecipeConfig):
    """All keys of the recipe."""

    layers: int = option(2, "Layers of propagation; the mean of layers 1 to this one is used.", paper="2", low=1)
    eps: float = option(0.2, "Length of the noise that each layer gets in training.", paper="0.2", low=0)
    contrast_layer: int = option(1, "Layer that the final vectors are contrasted with, l*.", paper="1", low=0)
    contrast_weight: float = option(0.2, "Weight of the contrast.", paper="0.2", low=0)
    contrast_temperature: float = option(0.15, "Temperature of the contrast.", paper="0.15 to 0.2", low=1e-3)


def train(run: Run, data: Dataset, split: Split, config: XSimGCLConfig) -> LightGCN:
    """Fits the network on the graph of the training part.

    Raises:
        ConfigError: If there is no such layer to contrast with.
    """
    if config.contrast_layer > config.layers:
        raise ConfigError(
            f"contrast_layer={config.contrast_layer} is not among the {config.layers} layers",
            allowed="0 to layers",
            mend=f"set contrast_layer={config.layers} or more layers",
        )
    term = LayerContrast(config.contrast_layer, weight=config.contrast_weight, temperature=config.contrast_temperature)
    loss = pair_loss(config, split.train, data.num_items)
    graph, noise = training_graph(split.train, data.num_items), SignedNoise(config.eps)
    model = LightGCN(graph, config, loss, cosine=config.cosine, first=1, perturb=noise, terms=[term])
    return fit_pairs(run, model, data, split, config)


def build(config: XSimGCLConfig, sizes: dict[str, int]) -> LightGCN:
    """The network without its weights and edges."""
    graph = BipartiteGraph(sizes["num_users"], sizes["num_items"], sizes["edges"])
    return LightGCN(graph, config, cosine=config.cosine, first=1)


RECIPE = Recipe(
    name="xsimgcl",
    summary="LightGCN with noise in its layers, and a contrast between the last and an early one.",
    source="Yu et al., TKDE 2023, arXiv 2209.02544",
    config=XSimGCLConfig,
    train=train,
    build=build,
    space={**PAIRS, "contrast_weight": Range(0.01, 1.0, log=True), "eps": Range(0.05, 0.5)},
)
