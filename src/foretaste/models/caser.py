"""Caser: convolutional sequence embeddings (Tang & Wang, WSDM 2018, arXiv 1809.07426)."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.config import option
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.convolution import ConvolutionEncoder
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss


@dataclass(frozen=True)
class CaserConfig:
    """Keys of the network."""

    dim: int = option(64, "Width of item vectors and states.", paper="50", low=1)
    window: int = option(5, "Newest items that the filters look at.", paper="5", low=1)
    horizontal: int = option(16, "Horizontal filters of each height up to the window.", paper="16", low=1)
    vertical: int = option(4, "Vertical filters.", paper="4", low=1)
    hidden: int = option(128, "Width of the layer over what the filters find.", paper="equal to dim", low=1)
    dropout: float = option(0.5, "Dropout rate.", paper="0.5", low=0, high=0.99)
    max_len: int = option(50, "Items of a training row; a state looks at window of them.", low=1)
    init_std: float = option(0.05, "Standard deviation of the initial item vectors.", low=0)


def convolutions(config: CaserConfig) -> ConvolutionEncoder:
    """The encoder that the keys describe."""
    return ConvolutionEncoder(
        config.dim,
        window=config.window,
        horizontal=config.horizontal,
        vertical=config.vertical,
        hidden=config.hidden,
        dropout=config.dropout,
    )


def caser(
    config: CaserConfig, num_items: int, loss: CatalogueLoss | None = None, items: ItemRepresentation | None = None
) -> SequenceRecommender:
    """The network; trained on the next item at every place, on an id table unless another is given."""
    table = items or IdTable(num_items, config.dim, std=config.init_std)
    return SequenceRecommender(table, convolutions(config), loss, max_len=config.max_len)
