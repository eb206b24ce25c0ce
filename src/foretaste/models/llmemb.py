"""LLMEmb's recommendation adaptation training, RAT (Liu et al., AAAI 2025, arXiv 2409.19925).

The item table of a sequence model is a frozen table of text vectors behind a linear adapter; beside the recommendation
loss, adapted vectors are aligned with the item vectors of a trained collaborative model. At inference the adapter folds
into a plain table, and the model is a sequence model like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from foretaste.core.config import option
from foretaste.models.auxiliary import AuxiliaryLoss
from foretaste.models.sequence import SequenceRecommender
from foretaste.models.text_table import TextTableConfig
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.losses.soft_clip import soft_clip
from foretaste.nn.losses.symmetric import symmetric_infonce


@dataclass(frozen=True)
class RATConfig(TextTableConfig):
    """Keys of the item table and of the alignment."""

    align: str = option(
        "infonce",
        "Alignment with the collaborative vectors: InfoNCE of cosines, or the released code's soft-target loss.",
        choices=("infonce", "soft-clip"),
        paper="soft-clip",
    )
    align_weight: float = option(0.1, "Weight of the alignment; 0 is the ablation without it.", paper="0.01", low=0)
    align_temperature: float = option(0.15, "Its temperature.", paper="2 (soft-clip)", low=1e-3)
    align_most: int = option(2048, "Most items that are aligned in a step.", paper="all positions", low=2)


class Alignment(AuxiliaryLoss):
    """Adapted vectors against collaborative ones, over the distinct items of a batch that were trained on.

    Args:
        vectors: Item vectors of a trained collaborative model, ``(V, d)``; they stay as they are.
        trained: Which items that model has seen, ``(V,)`` bool; the others' vectors mean nothing.
        weight: Weight of the term.
        temperature: Of the loss.
        kind: ``"infonce"`` or ``"soft-clip"``.
        most: Most items in a step; of more, a random choice is taken.
    """

    vectors: Tensor
    trained: Tensor

    def __init__(
        self,
        vectors: Tensor,
        trained: Tensor,
        *,
        weight: float,
        temperature: float,
        kind: str = "infonce",
        most: int = 2048,
    ) -> None:
        super().__init__()
        self.weight, self.temperature, self.kind, self.most = weight, temperature, kind, most
        self.register_buffer("vectors", vectors.float(), persistent=False)
        self.register_buffer("trained", trained, persistent=False)

    def forward(self, model: SequenceRecommender, batch: SequenceBatch) -> Tensor:
        items = torch.unique(batch.items[batch.mask()])
        items = items[self.trained[items]]
        if len(items) > self.most:
            items = items[torch.randperm(len(items), device=items.device)[: self.most]]
        adapted, wanted = model.items(items), self.vectors[items]
        if len(items) < 2:
            return 0.0 * torch.sum(adapted)
        if self.kind == "soft-clip":
            return self.weight * soft_clip(wanted, adapted, self.temperature)
        return self.weight * symmetric_infonce(wanted, adapted, self.temperature)
