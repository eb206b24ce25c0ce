"""Which loss a model of user-item pairs is trained with, by name: those of pairs, and those of sequence models."""

from __future__ import annotations

from dataclasses import dataclass, replace

from foretaste.core.config import option
from foretaste.data.sequences import Sequences
from foretaste.models.losses import LossConfig, catalogue_loss, negative_sampler
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.losses.bpr import BPRLoss
from foretaste.nn.losses.infonce import InfoNCELoss

USUAL_NEGATIVES = {"bpr": 1, "bce": 1, "gbce": 64, "infonce": 1024, "sampled-softmax": 1024}
"""How many negatives a loss takes when nothing is said: for each interaction, or shared by a batch."""


@dataclass(frozen=True)
class PairLossConfig(LossConfig):
    """Keys of the loss."""

    loss: str = option(
        "infonce",
        "Loss over the catalogue; infonce compares cosines, the others inner products.",
        paper="bpr (MF, LightGCN), infonce (AlphaRec's baselines)",
        choices=("bpr", "infonce", "softmax", "sampled-softmax", "bce", "gbce"),
    )
    negatives: int = option(
        0,
        "Negatives: for each interaction (bpr, bce, gbce), or shared by a batch (infonce, sampled-softmax); "
        "0 takes the loss's usual number: 1, 1, 64, 1024 and 1024.",
        paper="1 for bpr",
        low=0,
    )
    temperature: float = option(
        0.15, "Scores are divided by it inside a softmax loss.", paper="0.15 (AlphaRec)", low=1e-6
    )

    @property
    def cosine(self) -> bool:
        """Whether the loss compares directions only, so that scores are cosines."""
        return self.loss == "infonce"


def pair_loss(config: PairLossConfig, train: Sequences, num_items: int) -> CatalogueLoss:
    """The loss that the config names, with samplers that know the training part."""
    count = config.negatives or USUAL_NEGATIVES.get(config.loss, 0)
    if config.loss == "bpr":
        return BPRLoss(negative_sampler(config.sampler, train, num_items), negatives=count)
    if config.loss == "infonce":
        sampler = negative_sampler(config.sampler, train, num_items)
        return InfoNCELoss(sampler, negatives=count, temperature=config.temperature)
    return catalogue_loss(replace(config, negatives=count), train, num_items)
