"""GRU4Rec: recurrent sequential recommendation (Hidasi et al., ICLR 2016, arXiv 1511.06939)."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.recurrent import GRUEncoder


@dataclass(frozen=True)
class GRU4RecConfig:
    """Keys of the network."""

    dim: int = option(64, "Width of item vectors and states.", low=1)
    hidden: int = option(128, "Width of the recurrent state.", paper="100 to 1000", low=1)
    layers: int = option(1, "GRU layers.", paper="1", low=1)
    dropout: float = option(0.5, "Dropout rate on input and output.", paper="0 to 0.5", low=0, high=0.99)
    max_len: int = option(50, "Newest items of a history that are looked at.", low=1)
    bare: bool = option(False, "Leave out biases and output map; needs hidden = dim.", paper="true (LLM-ESR's code)")
    last_only: bool = option(
        False, "Train on the newest target of each row instead of on every place.", paper="true (LLM-ESR's code)"
    )
    init_std: float = option(0.05, "Standard deviation of the initial item vectors.")


def gru_encoder(config: GRU4RecConfig) -> GRUEncoder:
    """The encoder that the keys describe.

    Raises:
        ConfigError: If keys do not fit together.
    """
    if config.bare and config.hidden != config.dim:
        raise ConfigError(
            f"bare=true has no output map, so hidden={config.hidden} must equal dim={config.dim}",
            mend="set hidden to dim, or bare=false",
        )
    return GRUEncoder(config.dim, hidden=config.hidden, layers=config.layers, dropout=config.dropout, bare=config.bare)


def gru4rec(
    config: GRU4RecConfig, num_items: int, loss: CatalogueLoss | None = None, items: ItemRepresentation | None = None
) -> SequenceRecommender:
    """The network; trained on the next item at every place, on an id table unless another is given."""
    encoder = gru_encoder(config)
    table = items or IdTable(num_items, config.dim, std=config.init_std)
    return SequenceRecommender(table, encoder, loss, max_len=config.max_len, last_only=config.last_only)
