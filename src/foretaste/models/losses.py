"""Which loss a sequence model is trained with, by name."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from foretaste.core.config import option
from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.losses.bce import BCELoss
from foretaste.nn.losses.gbce import GBCELoss
from foretaste.nn.losses.sampled_softmax import SampledSoftmaxLoss
from foretaste.nn.losses.softmax import SoftmaxLoss
from foretaste.nn.membership import Membership
from foretaste.nn.negatives import NegativeSampler


@dataclass(frozen=True)
class LossConfig:
    """Keys of the loss over the catalogue."""

    loss: str = option(
        "softmax",
        "Loss over the catalogue.",
        paper="bce with 1 negative (SASRec), softmax (BERT4Rec)",
        choices=("softmax", "sampled-softmax", "bce", "gbce"),
    )
    negatives: int = option(
        256, "Negatives: for each target (bce, gbce), or shared by a batch (sampled-softmax).", low=1
    )
    sampler: str = option("uniform", "How negatives are drawn.", choices=("uniform", "popularity", "in-batch"))
    temperature: float = option(1.0, "Scores are divided by it inside a softmax loss.", low=1e-6)
    calibration: float = option(
        0.75, "gBCE's t: 0 is plain BCE, 1 fully calibrated.", paper="0.75 (gSASRec)", low=0, high=1
    )
    precision: str = option("auto", "Type of the large products of the softmax loss.", choices=("auto", "bf16", "fp32"))


def catalogue_loss(config: LossConfig, train: Sequences, num_items: int) -> CatalogueLoss:
    """The loss that the config names, with samplers that know the training part.

    Args:
        config: Which loss.
        train: Training sequences, one row for each user.
        num_items: Size of the catalogue.
    """
    if config.loss == "softmax":
        return SoftmaxLoss(temperature=config.temperature, precision=config.precision)
    sampler = negative_sampler(config.sampler, train, num_items)
    if config.loss == "sampled-softmax":
        return SampledSoftmaxLoss(sampler, negatives=config.negatives, temperature=config.temperature)
    if config.loss == "bce":
        return BCELoss(sampler, negatives=config.negatives)
    return GBCELoss(sampler, negatives=config.negatives, calibration=config.calibration)


def negative_sampler(kind: str, train: Sequences, num_items: int) -> NegativeSampler:
    """A sampler that never draws an item that the user has in the training part."""
    known = Membership(as_tensor(train.owners()), as_tensor(train.flat()), num_items)
    counts = torch.from_numpy(train.counts(num_items))
    return NegativeSampler(kind, num_items, counts=counts, known=known)
