"""SASRec: self-attentive sequential recommendation (Kang & McAuley, ICDM 2018, arXiv 1808.09781)."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.transformer import TransformerEncoder


@dataclass(frozen=True)
class SASRecConfig:
    """Keys of the network."""

    dim: int = option(64, "Width of item vectors and states.", paper="50", low=1)
    layers: int = option(2, "Transformer blocks.", paper="2", low=0)
    heads: int = option(2, "Attention heads; must divide dim.", paper="1", low=1)
    inner: int = option(64, "Width of the feed-forward layer.", paper="equal to dim", low=1)
    dropout: float = option(0.5, "Dropout rate.", paper="0.5 on sparse data, 0.2 on MovieLens-1M", low=0, high=0.99)
    max_len: int = option(50, "Newest items of a history that are looked at.", paper="50; 200 on MovieLens-1M", low=1)
    activation: str = option("gelu", "Activation of the feed-forward layer.", paper="relu", choices=("gelu", "relu"))
    scale: bool = option(False, "Multiply item vectors by sqrt(dim) on their way in.", paper="true in the code")
    causal: bool = option(True, "Hide the future in attention.", paper="true; LLM-ESR's code forgets it")
    query_norm: bool = option(
        False, "Blocks as in SASRec's released code: norm on the queries, residuals from the normed.", paper="true"
    )
    pad_to: int = option(0, "Padding that attention looks at, as in LLM-ESR's code; 0 hides padding.", paper="0", low=0)
    init_std: float = option(0.05, "Standard deviation of the initial item vectors.", low=0)


def transformer(config: SASRecConfig, *, causal: bool, places: int = 0) -> TransformerEncoder:
    """The encoder that the keys describe, with ``places`` positions more than ``max_len``.

    Raises:
        ConfigError: If keys do not fit together.
    """
    if config.dim % config.heads:
        raise ConfigError(
            f"heads={config.heads} does not divide dim={config.dim}",
            allowed="heads that divide dim: " + ", ".join(str(n) for n in range(1, 65) if config.dim % n == 0),
            mend="change one of the two",
        )
    if config.pad_to and not config.query_norm:
        raise ConfigError(
            f"pad_to={config.pad_to} goes with query_norm=true only: other blocks never look at padding",
            mend="set query_norm=true, or leave pad_to at 0",
        )
    return TransformerEncoder(
        config.dim,
        layers=config.layers,
        heads=config.heads,
        inner=config.inner,
        max_len=config.max_len + places,
        dropout=config.dropout,
        causal=causal,
        activation=config.activation,
        query_norm=config.query_norm,
        pad_to=config.pad_to,
    )


def sasrec(
    config: SASRecConfig, num_items: int, loss: CatalogueLoss | None = None, items: ItemRepresentation | None = None
) -> SequenceRecommender:
    """The network, on an id table unless another item representation is given."""
    return SequenceRecommender(
        items or IdTable(num_items, config.dim, std=config.init_std),
        transformer(config, causal=config.causal),
        loss,
        max_len=config.max_len,
        scale=config.scale,
    )
