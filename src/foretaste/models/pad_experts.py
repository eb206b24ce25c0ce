"""What PAD's experts see of an item: a free vector, a text vector, or both at once (arXiv 2412.04107)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foretaste.core.config import option
from foretaste.models.backbones import BackboneConfig
from foretaste.models.text_table import TextTableConfig, item_table
from foretaste.nn.dropout import Dropout
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.text_items import TextTable


@dataclass(frozen=True)
class ProjectionConfig(TextTableConfig):
    """From text to the vectors of an expert."""

    spread_dims: int = option(
        512, "Directions that whitening keeps, those of largest variance; 0 keeps all.", paper="all, as encoded", low=0
    )
    stack: int = option(
        0, "Further layers of dropout, linear map and GELU, each expert's text vectors ending in a GELU as in the "
        "released code; 0: the adapter alone.", paper="4", low=0,
    )  # fmt: skip
    fusion: str = option(
        "add", "How the aligned expert joins free and text vector: their sum, or a map of both.",
        choices=("add", "cat"), paper="cat, add",
    )  # fmt: skip
    fusion_activation: str = option("none", "After that map.", choices=("none", "gelu"), paper="gelu")


class Stack(nn.Module):
    """``GELU(W t)``, then ``layers`` times dropout, linear map and GELU: the projector of PAD's released code.

    Args:
        width: Width of a text vector.
        dim: Width of all layers.
        layers: How many behind the first.
        dropout: Rate before each of them.
    """

    def __init__(self, width: int, dim: int, *, layers: int, dropout: float) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.Linear(width, dim), nn.GELU()]
        for _ in range(layers):
            parts += [Dropout(dropout), nn.Linear(dim, dim), nn.GELU()]
        self.parts = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        """``(…, D)`` → ``(…, d)``."""
        made: Tensor = self.parts(x)
        return made


@dataclass(frozen=True)
class ExpertConfig(ProjectionConfig, BackboneConfig):
    """Keys of one expert."""


def text_table(config: ExpertConfig, text: Tensor) -> TextTable:
    """Text vectors ``(V, D)`` behind a projection of their own."""
    if not config.stack:
        return item_table(config, text, config.dim, std=config.init_std)
    stack = Stack(text.shape[1], config.dim, layers=config.stack, dropout=config.dropout or 0.0)
    return TextTable(text, stack, config.dim, frozen=config.frozen)


class AlignedItems(ItemRepresentation):
    """A free vector and a text vector, joined.

    Args:
        ids: The table of free vectors.
        text: The projected text vectors, of the same width.
        fusion: ``"add"``: ``e + t``; ``"cat"``: ``f(W [e ; t])``, which starts as the sum.
        activation: ``f``: ``"none"`` or ``"gelu"``.
        dropout: Rate before ``W``.
    """

    def __init__(
        self, ids: IdTable, text: TextTable, *, fusion: str = "add", activation: str = "none", dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.ids, self.text = ids, text
        self.num_items, self.dim = ids.num_items, ids.dim
        self.join: nn.Module | None = None
        if fusion == "cat":
            both = nn.Linear(2 * self.dim, self.dim)
            with torch.no_grad():
                both.weight.copy_(torch.eye(self.dim).repeat(1, 2))
                both.bias.zero_()
            self.join = nn.Sequential(Dropout(dropout), both, *([nn.GELU()] if activation == "gelu" else []))

    def forward(self, ids: Tensor) -> Tensor:
        return self._joined(self.ids(ids), self.text(ids))

    def table(self) -> Tensor:
        return self._joined(self.ids.table(), self.text.table())

    @contextmanager
    def once(self) -> Iterator[None]:
        with self.text.once():
            yield

    def _joined(self, free: Tensor, text: Tensor) -> Tensor:
        if self.join is None:
            return free + text
        joined: Tensor = self.join(torch.cat([free, text], dim=-1))
        return joined
