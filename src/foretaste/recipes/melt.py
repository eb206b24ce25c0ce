"""MELT: a plain backbone, then the backbone together with a branch for tail users and one for tail items."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from foretaste.core.artefact import Run
from foretaste.core.errors import ConfigError
from foretaste.data.contexts import ending_contexts
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.melt import MELT, MELTConfig, TailUsers
from foretaste.models.melt_branches import ItemBranch, UserBranch
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.items import IdTable
from foretaste.recipes.pretrained import PretrainedConfig, pretrain
from foretaste.recipes.registry import Recipe
from foretaste.recipes.sequence import fit_sequence, id_table
from foretaste.recipes.space import Range
from foretaste.recipes.spaces import SEQUENCE
from foretaste.training.config import TrainConfig

JOINT = TrainConfig(epochs=60, patience=10)


@dataclass(frozen=True)
class MELTRecipeConfig(MELTConfig, BackboneConfig, LossConfig, PretrainedConfig):
    """All keys of the recipe."""

    joint: TrainConfig = field(
        default=JOINT, metadata={"help": "The joint training; its epochs are the curriculum's length."}
    )


def train(run: Run, data: Dataset, split: Split, config: MELTRecipeConfig) -> MELT:
    """Fits the backbone alone, then backbone and branches together."""
    plain = _backbone(config, split, data.num_items)
    melt = _with_branches(config, plain, split, data.num_items)
    pretrain(run, plain, data, split, config)
    return fit_sequence(run, melt, data, split, replace(config, train=config.joint), stage="joint")


def build(config: MELTRecipeConfig, sizes: dict[str, int]) -> MELT:
    """The network without its weights."""
    return MELT(backbone(config, IdTable(sizes["num_items"], config.dim)), TailUsers(config.dim))


def _backbone(config: MELTRecipeConfig, split: Split, num_items: int) -> SequenceRecommender:
    loss = catalogue_loss(config, split.train, num_items)
    return backbone(config, id_table(config, split, num_items, dim=config.dim, std=config.init_std), loss)


def _with_branches(config: MELTRecipeConfig, model: SequenceRecommender, split: Split, num_items: int) -> MELT:
    popularity = split.train.counts(num_items)
    longest = _threshold(split.train.lengths, config.user_quantile, "user")
    rarest = _threshold(popularity[popularity > 0], config.item_quantile, "item")
    tail = TailUsers(config.dim, longest)
    users = UserBranch(split.train, tail.map, config, longest=longest, max_len=config.max_len)
    contexts = ending_contexts(split.train, num_items, max_len=config.max_len)
    items = ItemBranch(contexts, popularity, tail.map, config, rarest=rarest)
    return MELT(model, tail, [users, items])


def _threshold(counts: NDArray[np.int64], quantile: float, what: str) -> int:
    """The largest count that is still tail.

    Raises:
        ConfigError: If none would be head.
    """
    found = int(np.quantile(counts, quantile)) if len(counts) else 0
    if not (counts > found).any():
        raise ConfigError(
            f"with {what}_quantile={quantile:g} every {what} is tail: none has more than {found} training interactions",
            allowed=f"a quantile that leaves some {what}s above it, to learn from",
            mend=f"lower {what}_quantile",
        )
    return found


RECIPE = Recipe(
    name="melt",
    summary="A backbone with branches that complete tail users and tail items.",
    source="Kim et al., SIGIR 2023, arXiv 2304.08382; rlqja1107/MELT",
    config=MELTRecipeConfig,
    train=train,
    build=build,
    space={**SEQUENCE, "user_weight": Range(0.03, 1.0, log=True), "item_weight": Range(0.03, 3.0, log=True)},
)
