"""LLM-ESR: embed items and users, find each user's neighbours, fit both views with distillation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.core.files import atomic_path
from foretaste.core.progress import progress_bars, say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.auxiliary import AuxiliaryLoss, Regularised
from foretaste.models.distillation import SelfDistillation, ViewAgreement
from foretaste.models.llmesr import DualViewConfig, llmesr
from foretaste.models.losses import catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.models.serving_terms import ServedModel
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.neighbours import nearest_neighbours
from foretaste.nn.reduce import pca
from foretaste.recipes.registry import Recipe
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.sequence import fit_sequence, id_table
from foretaste.recipes.serving_terms import ServedRecipeConfig, served
from foretaste.recipes.spaces import SEQUENCE
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.text_sequence import TextSequenceConfig
from foretaste.recipes.texts import embed_items, embed_users
from foretaste.training.config import TrainConfig


@dataclass(frozen=True)
class LLMESRRecipeConfig(DualViewConfig, ServedRecipeConfig, TextSequenceConfig):
    """All keys of the recipe."""

    text: TextConfig = field(
        default_factory=lambda: TextConfig(layers="all"),
        metadata={"help": "What is told of an item, and to whom; all layers, where the model is narrow."},
    )
    init: str = option(
        "spectral",
        "Where the collaborative view starts: eigenvectors of the training part's co-occurrences, principal components "
        "of the text vectors, or random vectors.",
        choices=("spectral", "pca", "random"),
        paper="pca",
    )
    distill_weight: float = option(
        0.1, "Weight of the distillation from similar users; 0 leaves it out.", paper="0.1", low=0
    )
    neighbours: int = option(10, "Similar users that teach a user.", paper="10", low=1)
    teacher: str = option(
        "bank",
        "How neighbours are encoded: all users once an epoch, or those of a batch at every step.",
        choices=("bank", "online"),
        paper="online",
    )
    teacher_dropout: bool = option(True, "Whether an online teacher drops out as its student does.", paper="true")
    distill: str = option(
        "mse", "How a user is compared with the mean of his teachers.", choices=("mse", "soft-clip"), paper="mse"
    )
    distill_temperature: float = option(1.0, "Temperature of soft-clip in the distillation.", low=1e-6)
    item_reg: float = option(
        0.0,
        "Weight of the agreement between the two views of an item.",
        paper="0 in the scripts, 0.1 in the code",
        low=0,
    )
    item_reg_loss: str = option(
        "cosine", "How the two views are compared.", choices=("cosine", "soft-clip"), paper="soft-clip"
    )
    item_reg_temperature: float = option(0.1, "Temperature of that agreement.", low=1e-6)
    train: TrainConfig = option(TrainConfig(lr=1e-3), "The training loop.")


def train(run: Run, data: Dataset, split: Split, config: LLMESRRecipeConfig) -> ServedModel:
    """The paper's stages, in the paper's order."""
    if config.item_reg and not (config.co_view and config.se_view):
        raise ConfigError("item_reg compares two views, and there is one", mend="set item_reg=0, or keep both views")
    text = _item_text(run, data, config)
    near = _neighbours(run, data, split, config) if config.distill_weight else None
    seed_everything(config.seed)
    network = llmesr(config, text, _collaborative(config, text, split), catalogue_loss(config, split.train, len(text)))
    fit_sequence(run, Regularised(network, _terms(config, split, network, near)), data, split, config)
    return served(run, network, split, config)


def build(config: LLMESRRecipeConfig, sizes: dict[str, int]) -> ServedModel:
    """The network without its weights."""
    text = torch.zeros(sizes["num_items"], sizes["text_dim"])
    return ServedModel(llmesr(config, text, fitted=False), torch.zeros(len(text), dtype=torch.int64), config)


def _item_text(run: Run, data: Dataset, config: LLMESRRecipeConfig) -> Tensor:
    """Text vectors ``(V, D)``, or one empty column where nothing reads them."""
    if not (config.se_view or config.init == "pca"):
        return torch.zeros(data.num_items, 1)
    return embed_items(run, data, config.text)


def _neighbours(run: Run, data: Dataset, split: Split, config: LLMESRRecipeConfig) -> NDArray[np.int64]:
    """The users that teach each user, ``(U, N)``: nearest by the text of their training items."""
    users = embed_users(run, data, split, config.text)

    def make(folder: Path) -> NDArray[np.int64]:
        say(f"neighbours {config.neighbours} for each of {len(users):,} users")
        with progress_bars() as bars:
            task = bars.add_task("neighbours", total=len(users), note="")
            near = nearest_neighbours(
                users,
                config.neighbours,
                candidates=torch.from_numpy(split.train.lengths > 0),
                progress=lambda done: bars.update(task, completed=done),
            ).numpy()
        with atomic_path(folder / NEIGHBOURS) as part, part.open("wb") as file:
            np.save(file, near.astype(np.int32))
        return near

    def read(folder: Path) -> NDArray[np.int64]:
        near: NDArray[np.int64] = np.load(folder / NEIGHBOURS).astype(np.int64)
        return near

    return run.stage("neighbours", make, read, inputs={"count": config.neighbours, "data": data.fingerprint})


def _collaborative(config: LLMESRRecipeConfig, text: Tensor, split: Split) -> ItemRepresentation | None:
    if not config.co_view:
        return None
    if config.init == "pca":
        return IdTable(len(text), config.dim, start=pca(text, config.dim, std=config.init_std))
    return id_table(config, split, len(text), dim=config.dim, std=config.init_std)


def _terms(
    config: LLMESRRecipeConfig, split: Split, network: SequenceRecommender, near: NDArray[np.int64] | None
) -> list[AuxiliaryLoss]:
    """What is added to the loss."""
    terms: list[AuxiliaryLoss] = []
    if near is not None:
        terms.append(
            SelfDistillation(
                split.train,
                near,
                weight=config.distill_weight,
                max_len=config.max_len,
                dim=network.items.dim,
                teacher=config.teacher,
                dropout=config.teacher_dropout,
                loss=config.distill,
                temperature=config.distill_temperature,
            )
        )
    if config.item_reg:
        agreement = ViewAgreement(
            weight=config.item_reg, temperature=config.item_reg_temperature, loss=config.item_reg_loss
        )
        terms.append(agreement)
    return terms


NEIGHBOURS = "neighbours.npy"

RECIPE = Recipe(
    name="llmesr",
    summary="A collaborative and a semantic view of every item; users learn from users whose histories read alike.",
    source="Liu et al., NeurIPS 2024, arXiv 2405.20646",
    config=LLMESRRecipeConfig,
    train=train,
    build=build,
    space=SEQUENCE,
)
