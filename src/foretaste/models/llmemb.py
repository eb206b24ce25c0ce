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
from foretaste.nn.adapters import Adapter
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.losses.soft_clip import soft_clip
from foretaste.nn.losses.symmetric import symmetric_infonce
from foretaste.nn.reduce import principal, whitening
from foretaste.nn.text_items import TextTable


@dataclass(frozen=True)
class RATConfig:
    """Keys of the item table and of the alignment."""

    adapter: str = option(
        "linear",
        "From text to item vectors: two linear layers, the same with an activation between them, or none of them: "
        "principal components (the ablation without an adapter).",
        choices=("linear", "gelu", "relu", "pca"),
        paper="linear",
    )
    adapter_inner: int = option(0, "Width between the adapter's layers; 0: half the text's.", paper="half", low=0)
    spread: str = option(
        "whiten",
        "What is done once to the text vectors: directions brought to one variance, one scale for all, or nothing.",
        choices=("whiten", "standardise", "none"),
        paper="none",
    )
    spread_eps: float = option(
        1e-2, "Added to each direction's variance when whitening, as a share of the largest.", low=0
    )
    frozen: bool = option(True, "Whether the text table stays as it is; false is an ablation.", paper="true")
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


def spread(config: RATConfig, text: Tensor, dim: int, *, std: float) -> tuple[Tensor, Tensor] | None:
    """Mean ``(D,)`` and matrix of the map ``(x - mean) @ matrix`` that text vectors go through once; None for none.

    Args:
        config: Keys.
        text: Vectors as the encoder gives them, ``(V, D)``.
        dim: Width of an item vector, for principal components.
        std: Standard deviation of their entries.
    """
    if config.adapter == "pca":
        mean, matrix = principal(text, dim)
        return mean, matrix * (std / ((text.double() - mean) @ matrix).std().clamp_min(1e-12))
    if config.spread == "whiten":
        return whitening(text, text.shape[1], eps=config.spread_eps)
    if config.spread == "standardise":
        rows = text.double()
        eye = torch.eye(rows.shape[1], dtype=torch.float64)
        return rows.mean(0), eye / (rows - rows.mean(0)).std().clamp_min(1e-12)
    return None


def item_table(config: RATConfig, text: Tensor, dim: int, *, std: float) -> TextTable:
    """The item table.

    Args:
        config: Keys.
        text: Text vectors after :func:`spread`, ``(V, D)``.
        dim: Width of an item vector.
        std: Standard deviation of the item vectors' entries to start with.
    """
    if config.adapter == "pca":
        return TextTable(text, None, dim, frozen=config.frozen)
    width = text.shape[1]
    inner = config.adapter_inner or max(dim, width // 2)
    adapter = Adapter([width, inner, dim], activation="none" if config.adapter == "linear" else config.adapter)
    table = TextTable(text, adapter, dim, frozen=config.frozen)
    _start(table, adapter, std)
    return table


@torch.no_grad()
def _start(table: TextTable, adapter: Adapter, std: float) -> None:
    """Scales both layers alike so that the item vectors start at that spread, and takes the biases off.

    With torch's own start it would depend on the width of the text, and biases would outweigh what the text tells.
    """
    for layer in adapter.layers:
        layer.bias.zero_()
    found = float(table.table().std())
    for layer in adapter.layers:
        layer.weight.mul_((std / found) ** (1 / len(adapter.layers)) if found else 1.0)
