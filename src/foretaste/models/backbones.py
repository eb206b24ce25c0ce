"""A sequence encoder by name, on any item representation: what every method of the long tail stands on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from torch import nn

from foretaste.core.config import option
from foretaste.models.bert4rec import BERT4Rec, BERT4RecConfig
from foretaste.models.caser import CaserConfig, convolutions
from foretaste.models.gru4rec import GRU4RecConfig, gru_encoder
from foretaste.models.sasrec import SASRecConfig, transformer
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss

C = TypeVar("C")
BACKBONES = ("sasrec", "gru4rec", "bert4rec", "caser")


@dataclass(frozen=True)
class BackboneConfig:
    """Which sequence encoder, and its keys; the defaults are those of the backbone alone."""

    backbone: str = option("sasrec", "The sequence encoder.", choices=BACKBONES)
    dim: int = option(64, "Width of item vectors and states.", paper="64 (LLM-ESR), 128 (LLMEmb)", low=1)
    layers: int | None = option(None, "Layers; none: 2 transformer blocks, 1 GRU layer.", low=0)
    heads: int = option(2, "Attention heads; must divide dim.", paper="1", low=1)
    inner: int = option(64, "Width of the feed-forward layer.", paper="equal to dim", low=1)
    hidden: int = option(128, "Width of the GRU's state and of Caser's layer.", paper="equal to dim", low=1)
    window: int = option(5, "Newest items that Caser's filters look at.", paper="5", low=1)
    horizontal: int = option(16, "Caser's horizontal filters of each height up to the window.", paper="16", low=1)
    vertical: int = option(4, "Caser's vertical filters.", paper="4", low=1)
    dropout: float | None = option(None, "Dropout; none: 0.5, BERT4Rec 0.2.", paper="0.5", low=0, high=0.99)
    max_len: int = option(50, "Newest items of a history that are looked at.", paper="200", low=1)
    activation: str = option("gelu", "Activation of the feed-forward layer.", paper="relu", choices=("gelu", "relu"))
    scale: bool = option(False, "Multiply item vectors by sqrt(dim) on their way in.", paper="true; not for GRU4Rec")
    causal: bool = option(True, "Hide the future in SASRec's attention.", paper="true; the released code forgets it")
    query_norm: bool = option(False, "Transformer blocks as in SASRec's released code.", paper="true")
    pad_to: int = option(0, "Padding that attention looks at, as in LLM-ESR's code; 0 hides padding.", low=0)
    bare: bool = option(False, "GRU without biases and output map; needs hidden = dim.", paper="true")
    last_only: bool = option(False, "Train GRU4Rec on the newest target of a row only.", paper="true")
    mask_share: float = option(0.4, "Share of places that BERT4Rec masks.", paper="0.6", low=0, high=1)
    last_share: float = option(
        0.2, "Share of rows in which BERT4Rec masks only the newest item.", paper="0.5", low=0, high=1
    )
    init_std: float = option(0.05, "Standard deviation of the initial item vectors.", low=0)


Wrap = Callable[[nn.Module, int], nn.Module]
"""Encoder and width of its states → the encoder that is used in its place."""


def backbone(
    config: BackboneConfig,
    items: ItemRepresentation,
    loss: CatalogueLoss | None = None,
    *,
    wrap: Wrap | None = None,
) -> SequenceRecommender:
    """The network that the keys describe.

    Args:
        config: Keys.
        items: Where item vectors come from. Its width may differ from ``config.dim`` where ``wrap`` bridges them.
        loss: Loss over the catalogue; None for a network that will only score.
        wrap: Puts something around the encoder: what it returns must map ``items.dim`` to ``items.dim``.
    """
    around = wrap or (lambda encoder, dim: encoder)
    if config.backbone == "gru4rec":
        gru = _keys(GRU4RecConfig, config)
        return SequenceRecommender(
            items, around(gru_encoder(gru), gru.dim), loss, max_len=gru.max_len, last_only=gru.last_only
        )
    if config.backbone == "caser":
        keys_of_caser = _keys(CaserConfig, config)
        encoder = around(convolutions(keys_of_caser), keys_of_caser.dim)
        return SequenceRecommender(items, encoder, loss, max_len=keys_of_caser.max_len)
    if config.backbone == "bert4rec":
        bert = _keys(BERT4RecConfig, config)
        encoder = around(transformer(bert, causal=False, places=1), bert.dim)
        return _scaled(BERT4Rec(items, encoder, loss, bert), config)
    keys = _keys(SASRecConfig, config)
    encoder = around(transformer(keys, causal=keys.causal), keys.dim)
    return _scaled(SequenceRecommender(items, encoder, loss, max_len=keys.max_len), config)


def _scaled(model: SequenceRecommender, config: BackboneConfig) -> SequenceRecommender:
    """The scale on the way in is that of the encoder's width, also where items are several views side by side."""
    model.factor = math.sqrt(config.dim) if config.scale else 1.0
    return model


def _keys(cls: type[C], config: BackboneConfig) -> C:
    """The keys that a backbone knows; those left at none keep its own default."""
    values: dict[str, Any] = {
        field.name: getattr(config, field.name)
        for field in fields(cls)  # type: ignore[arg-type]
        if getattr(config, field.name) is not None
    }
    return cls(**values)
