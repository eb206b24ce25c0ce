"""AlphaRec: read the texts, train the projector; on several data sets at once, or not at all.

``projector=RUN`` takes over what another run trained and trains nothing: zero-shot.
"""

from __future__ import annotations

import torch

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.data.sequences import Sequences
from foretaste.data.split import Split
from foretaste.models.alpharec import AlphaRec
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.projector import Projector
from foretaste.recipes.alpharec_network import AlphaRecRecipeConfig, assembled, network, projector_of
from foretaste.recipes.alpharec_together import fit_together, read_other
from foretaste.recipes.alpharec_transfer import taken_over
from foretaste.recipes.pairs import fit_pairs
from foretaste.recipes.registry import Recipe
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.space import Range
from foretaste.recipes.title_text import read_titles
from foretaste.training.batches import Batches
from foretaste.training.user_pairs import UserPairBatches


def train(run: Run, data: Dataset, split: Split, config: AlphaRecRecipeConfig) -> AlphaRec:
    """Reads the texts, and trains the projector on the graph of the training part.

    Raises:
        ConfigError: If keys do not go together, or not with the run that a projector is taken from.
    """
    if config.projector:
        return taken_over(run, data, split, config)
    vectors = read_titles(run, data, config)
    others = [read_other(run, folder, number, config) for number, folder in enumerate(config.also, 1)]
    seed_everything(config.seed)
    projector = projector_of(config, vectors.shape[1])
    model = network(config, split.train, vectors, projector, data.num_items)
    if others:
        return fit_together(run, model, data, split, others, config)
    return fit_pairs(run, model, data, split, config, batches=batches_of(config, split.train))


def batches_of(config: AlphaRecRecipeConfig, train: Sequences) -> Batches | None:
    """What an epoch consists of; None for the usual."""
    if config.draws == "interactions":
        return None
    return UserPairBatches(train, size=config.train.batch_tokens, seed=config.seed)


def build(config: AlphaRecRecipeConfig, sizes: dict[str, int]) -> AlphaRec:
    """The network without weights, texts and edges; its shape is that of the projector, wherever that came from."""
    return assembled(
        config,
        BipartiteGraph(sizes["num_users"], sizes["num_items"], sizes["edges"]),
        torch.zeros(sizes["num_items"], sizes["text_dim"]),
        Projector(sizes["text_dim"], sizes["dim"], sizes["hidden"]),
        filled=False,
        layers=sizes["layers"],
        cosine=bool(sizes["cosine"]),
    )


RECIPE = Recipe(
    name="alpharec",
    summary="Language vectors of titles through one projector, smoothed over the graph; nobody has an id.",
    source="Sheng et al., ICLR 2025, arXiv 2407.05441",
    config=AlphaRecRecipeConfig,
    train=train,
    build=build,
    space={
        "train.lr": Range(5e-4, 1e-2, log=True),
        "temperature": Range(0.05, 0.5, log=True),
        "layers": (1, 2, 3),
        "ridge": (0.0, 0.1, 1.0),
    },
)
