"""LLM-ESR: a collaborative and a semantic view of every item, read by one encoder (Liu et al., NeurIPS 2024).

arXiv 2405.20646. An item is a free vector beside its adapted text vector; the views look at each other
(``nn/cross_attention.py``), a shared backbone reads both, and a score is the sum of the two views' inner products.
How users learn from their neighbours is in ``models/distillation.py``. What can be added to a trained model's scores
is in ``models/serving_terms.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.sequence import SequenceRecommender
from foretaste.models.unisrec import Standard, StandardAdapter
from foretaste.nn.adapters import Adapter
from foretaste.nn.cross_attention import DualViewEncoder
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.text_items import TextTable, Views


@dataclass(frozen=True)
class DualViewConfig(BackboneConfig):
    """Keys of the network; every ablation of the paper's table 2 is one of them."""

    co_view: bool = option(True, "Whether items have a collaborative view.", paper="true")
    se_view: bool = option(True, "Whether items have a semantic view.", paper="true")
    cross_attention: bool | None = option(
        None, "Whether the views look at each other; none: true, under GRU4Rec false.", paper="true"
    )
    cross_heads: int = option(2, "Heads of the cross-attentions; must divide dim.", paper="2", low=1)
    cross_causal: bool = option(
        True, "Hide the future in cross-attention under a causal backbone.", paper="the released code forgets it"
    )
    cross_residual: bool = option(
        True, "Add a view to what cross-attention makes of it.", paper="false: it replaces the view"
    )
    shared: bool = option(True, "Whether one encoder reads both views.", paper="true")
    adapter_layers: int = option(2, "Linear layers between text and item vectors.", paper="2", low=1, high=4)
    adapter_activation: str = option(
        "none", "Activation between them.", choices=("none", "relu", "gelu", "tanh"), paper="none"
    )
    adapter_start: str = option(
        "scaled",
        "How the adapter starts: scaled so that text and free vectors start alike, or as torch makes linear layers.",
        choices=("scaled", "plain"),
        paper="plain",
    )
    standard: str = option(
        "whiten",
        "What is done to text vectors before the adapter: nothing, one shift and scale for all, or whitening.",
        choices=("none", "centre", "whiten"),
        paper="none",
    )
    standard_dims: int = option(
        512, "Directions that whitening keeps, those of largest variance; 0 keeps all.", paper="all", low=0
    )
    text_length: float = option(
        1.0, "Their length after that, root mean square: the shorter, the slower the adapter learns.", low=1e-6
    )


def llmesr(
    config: DualViewConfig,
    text: Tensor,
    collaborative: ItemRepresentation | None = None,
    loss: CatalogueLoss | None = None,
    *,
    fitted: bool = True,
) -> SequenceRecommender:
    """The network.

    Args:
        config: Keys.
        text: Frozen text vectors, ``(V, D)``.
        collaborative: The collaborative view, ``config.dim`` wide; None for a random table.
        loss: Loss over the catalogue; None for a network that will only score.
        fitted: Whether what stands before the adapter, and its scale, are taken from ``text``; not for a network whose
            weights are read afterwards.

    Raises:
        ConfigError: If keys do not fit together.
    """
    _check(config)
    views: list[ItemRepresentation] = []
    if config.co_view:
        views.append(collaborative or IdTable(len(text), config.dim, std=config.init_std))
    if config.se_view:
        views.append(TextTable(text, text_adapter(config, text, fitted=fitted), config.dim))
    if len(views) == 1:
        return backbone(config, views[0], loss)
    items = Views(views)

    def dual(encoder: nn.Module, dim: int) -> nn.Module:
        return DualViewEncoder(
            encoder,
            dim,
            semantic_encoder=None if config.shared else backbone(config, views[0]).encoder,
            heads=config.cross_heads if views_meet(config) else 0,
            causal=is_causal(config) and config.cross_causal,
            residual=config.cross_residual,
        )

    return backbone(config, items, loss, wrap=dual)


def text_adapter(config: DualViewConfig, text: Tensor, *, fitted: bool = True) -> nn.Module:
    """From text to item vectors: inner layers are half as wide as the text, as in the paper."""
    width = text.shape[1]
    if config.standard == "whiten" and config.standard_dims:
        width = min(width, config.standard_dims)
    inner = [max(config.dim, width // 2)] * (config.adapter_layers - 1)
    adapter = Adapter([width, *inner, config.dim], activation=config.adapter_activation)
    whole: nn.Module = adapter
    if config.standard != "none":
        standard = Standard(text.shape[1], width, "pca" if config.standard == "whiten" else "none")
        whole = StandardAdapter(standard, adapter)
        if fitted:
            standard.fit(text).matrix.mul_(config.text_length / math.sqrt(width))
    if fitted and config.adapter_start == "scaled":
        _scale(adapter, whole, text, config.init_std)
    return whole


@torch.no_grad()
def _scale(adapter: Adapter, whole: nn.Module, text: Tensor, std: float) -> None:
    """Brings the vectors of all items to one standard deviation: each layer by the same factor, biases to zero."""
    for layer in adapter.layers:
        layer.bias.zero_()
    factor = (std / float(whole(text).std().clamp_min(1e-12))) ** (1 / len(adapter.layers))
    for layer in adapter.layers:
        layer.weight.mul_(factor)


def views_meet(config: DualViewConfig) -> bool:
    """Whether there is cross-attention.

    Unless told, not under GRU4Rec: its input carries no positions, and what attention adds to it costs more than it
    brings (docs/methods/llmesr.md has figures).
    """
    return config.backbone != "gru4rec" if config.cross_attention is None else config.cross_attention


def is_causal(config: BackboneConfig) -> bool:
    """Whether the backbone hides the future."""
    return config.backbone in ("gru4rec", "caser") or (config.backbone == "sasrec" and config.causal)


def _check(config: DualViewConfig) -> None:
    if not (config.co_view or config.se_view):
        raise ConfigError("co_view=false and se_view=false leave items without any vector", mend="keep one of the two")
    if views_meet(config) and config.dim % config.cross_heads:
        raise ConfigError(
            f"cross_heads={config.cross_heads} does not divide dim={config.dim}",
            allowed="heads that divide dim",
            mend="change one of the two",
        )
