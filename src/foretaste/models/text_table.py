"""A table of item vectors made of text: vectors that are spread once and stay as they are, behind an adapter.

LLMEmb's items are such a table, and so are the text expert and the aligned expert of PAD.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from foretaste.core.config import option
from foretaste.nn.adapters import Adapter
from foretaste.nn.reduce import principal, whitening
from foretaste.nn.text_items import TextTable


@dataclass(frozen=True)
class TextTableConfig:
    """What is done to text vectors once, and what adapts them."""

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
    spread_dims: int = option(0, "Directions that whitening keeps, those of largest variance; 0 keeps all.", low=0)
    frozen: bool = option(True, "Whether the text table stays as it is; false is an ablation.", paper="true")


def spread(config: TextTableConfig, text: Tensor, dim: int, *, std: float) -> tuple[Tensor, Tensor] | None:
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
        width = text.shape[1]
        return whitening(text, min(config.spread_dims or width, width), eps=config.spread_eps)
    if config.spread == "standardise":
        rows = text.double()
        eye = torch.eye(rows.shape[1], dtype=torch.float64)
        return rows.mean(0), eye / (rows - rows.mean(0)).std().clamp_min(1e-12)
    return None


def item_table(config: TextTableConfig, text: Tensor, dim: int, *, std: float) -> TextTable:
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
