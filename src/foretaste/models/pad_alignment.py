"""PAD's second phase: free and text vectors as distributions are brought together (arXiv 2412.04107, released code)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foretaste.core.config import option
from foretaste.models.auxiliary import AuxiliaryLoss
from foretaste.models.pad_experts import AlignedItems
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.mmd import cosine_mmd, gaussian_mmd, laplacian_mmd, linear_mmd, released_cosine_mmd
from foretaste.nn.losses.symmetric import symmetric_infonce

DISCREPANCIES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "gaussian": gaussian_mmd,
    "laplacian": laplacian_mmd,
    "linear": linear_mmd,
    "cosine": cosine_mmd,
    "cosine-released": released_cosine_mmd,
}
KERNELS = (*DISCREPANCIES, "infonce")


@dataclass(frozen=True)
class AlignConfig:
    """Keys of the alignment."""

    kernel: str = option(
        "gaussian",
        "What is made small between projected text vectors and free ones: the maximum mean discrepancy under a kernel "
        "(five bandwidths for gaussian and laplacian), or an InfoNCE of pairs. cosine-released parts what it should "
        "join, as the released code's does.",
        choices=KERNELS,
        paper="gaussian",
    )
    weight: float = option(0.2, "Its weight; 0 leaves it out.", paper="0.2; InfoNCE 0.01", low=0)
    anchor: bool = option(True, "Whether the recommendation loss holds the vectors while they are aligned.")
    most: int = option(1024, "Most items of a batch that are compared; of more, a random choice.", low=2)
    distinct: bool = option(
        True, "Compare each item of a batch once; else as often as it occurs.", paper="false in the code"
    )
    temperature: float = option(0.1, "Of InfoNCE.", paper="0.1", low=1e-3)
    lr: float | None = option(1e-3, "Peak learning rate of this stage; none: train.lr.", paper="1e-5", low=0)
    epochs: int = option(0, "Passes at the most; 0: train.epochs.", low=0)


def discrepancy(config: AlignConfig, text: Tensor, free: Tensor) -> Tensor:
    """How far text vectors are from free ones, row by row of the same items, ``(n, d)`` each; a scalar."""
    if config.kernel == "infonce":
        return symmetric_infonce(text, free, config.temperature)
    return DISCREPANCIES[config.kernel](text, free)


class DistributionAlignment(AuxiliaryLoss):
    """``weight`` times the discrepancy of text and free vectors, over items of the batch.

    Padding has no item here, so none enters; negatives do not either (in the released code both do).

    Args:
        config: Keys.
    """

    def __init__(self, config: AlignConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, model: SequenceRecommender, batch: SequenceBatch) -> Tensor:
        assert isinstance(model.items, AlignedItems)
        items = batch.items[batch.mask()]
        items = torch.unique(items) if self.config.distinct else items
        if len(items) > self.config.most:
            items = items[torch.randperm(len(items), device=items.device)[: self.config.most]]
        text, free = model.items.text(items), model.items.ids(items)
        if len(items) < 2:
            return torch.sum(text + free) * 0.0
        return discrepancy(self.config, text, free) * self.config.weight


class NoLoss(nn.Module):
    """The loss of a network that is aligned without an anchor: nothing."""

    def forward(self, states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation) -> Tensor:
        """Zero, with a gradient that is zero too."""
        return 0.0 * states.sum()
