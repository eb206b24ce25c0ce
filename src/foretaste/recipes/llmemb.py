"""LLMEmb: tune an encoder, encode the catalogue, train a collaborative model, adapt."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.auxiliary import Regularised
from foretaste.models.backbones import backbone
from foretaste.models.llmemb import Alignment, RATConfig
from foretaste.models.losses import catalogue_loss
from foretaste.models.serving_terms import ServedModel
from foretaste.models.text_table import item_table
from foretaste.recipes.collaborative import collaborative_vectors
from foretaste.recipes.registry import Recipe
from foretaste.recipes.scft_config import SCFTConfig
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.sequence import fit_sequence
from foretaste.recipes.serving_terms import ServedRecipeConfig, served
from foretaste.recipes.spaces import SEQUENCE
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.text_sequence import TextSequenceConfig, spread_text
from foretaste.recipes.texts import embed_items
from foretaste.recipes.tuning import tune_encoder


@dataclass(frozen=True)
class LLMEmbRecipeConfig(RATConfig, ServedRecipeConfig, TextSequenceConfig):
    """All keys of the recipe."""

    dropout: float | None = option(0.3, "Dropout; none: 0.5, BERT4Rec 0.2.", paper="0.5", low=0, high=0.99)
    text: TextConfig = field(
        default_factory=lambda: TextConfig(layers="all"),
        metadata={"help": "What is told of an item, and to whom; all layers, where the model is narrow."},
    )
    scft: SCFTConfig = field(default_factory=SCFTConfig, metadata={"help": "How the encoder is tuned."})
    collaborative: str = option("", "Finished run whose item vectors are aligned to; empty: a model is trained.")
    collaborative_backbone: str = option(
        "sasrec",
        "The encoder of the collaborative model that is trained, whatever the backbone of the final one.",
        choices=("sasrec", "gru4rec", "bert4rec"),
        paper="sasrec",
    )


def train(run: Run, data: Dataset, split: Split, config: LLMEmbRecipeConfig) -> ServedModel:
    """The paper's stages, in the paper's order, and what is added when serving."""
    encoder = tune_encoder(run, data, config.text, config.scft, config.seed)
    vectors = embed_items(run, data, config.text, encoder=encoder)
    text = spread_text(run, vectors, config, config.dim, std=config.init_std)
    terms = [_alignment(run, data, split, config)] if config.align_weight else []
    seed_everything(config.seed)
    items = item_table(config, text, config.dim, std=config.init_std)
    network = backbone(config, items, catalogue_loss(config, split.train, data.num_items))
    fit_sequence(run, Regularised(network, terms), data, split, config, stage="adapt")
    return served(run, network, split, config)


def build(config: LLMEmbRecipeConfig, sizes: dict[str, int]) -> ServedModel:
    """The network without its weights."""
    text = torch.zeros(sizes["num_items"], sizes["text_dim"])
    network = backbone(config, item_table(config, text, config.dim, std=config.init_std))
    return ServedModel(network, torch.zeros(len(text), dtype=torch.int64), config)


def _alignment(run: Run, data: Dataset, split: Split, config: LLMEmbRecipeConfig) -> Alignment:
    """The term that aligns adapted with collaborative vectors."""
    keys = replace(config, backbone=config.collaborative_backbone)
    vectors = collaborative_vectors(run, data, split, keys, config.collaborative, dim=config.dim)
    return Alignment(
        vectors,
        torch.from_numpy(split.train.counts(data.num_items) > 0),
        weight=config.align_weight,
        temperature=config.align_temperature,
        kind=config.align,
        most=config.align_most,
    )


RECIPE = Recipe(
    name="llmemb",
    summary="Items are their texts, read by a language model tuned on their attributes, adapted and aligned.",
    source="Liu et al., AAAI 2025, arXiv 2409.19925",
    config=LLMEmbRecipeConfig,
    train=train,
    build=build,
    space=SEQUENCE,
)
