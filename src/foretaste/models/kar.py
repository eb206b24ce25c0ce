"""KAR as a baseline of collaborative filtering: ids beside adapted text, on LightGCN or MF (arXiv 2306.10933).

The paper adds what a language model knows to the features of a click model. RLMRec and AlphaRec compare with it on
graphs and have released no code. RLMRec's authors say (issue 27 of HKUDS/RLMRec): semantic vectors of users and items
go through KAR's experts, and what comes out stands beside the collaborative vector as the input of the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foretaste.core.config import option
from foretaste.nn.experts import HybridExperts
from foretaste.nn.growth import NewItems
from foretaste.nn.items import IdTable, ItemRepresentation


@dataclass(frozen=True)
class ExpertConfig:
    """Keys of the hybrid-expert adaptor."""

    join: str = option(
        "concat",
        "How text and id come together: side by side, added up, or side by side through a linear map to dim.",
        choices=("concat", "add", "linear"),
        paper="concat",
    )
    shared_experts: int = option(2, "Experts that users and items share.", paper="2", low=0)
    own_experts: int = option(3, "Experts of users alone, and of items alone.", paper="3 to 5", low=1)
    expert_hidden: int = option(64, "Width between the two layers of an expert.", paper="128", low=1)


class Augmented(ItemRepresentation):
    """Free vectors joined with adapted text vectors.

    Args:
        table: The free vectors.
        texts: Text vectors under the same ids, ``(n, D)``.
        experts: The adaptor, shared by both sides; it gives vectors as wide as the table's.
        side: 0 for users, 1 for items.
        join: ``concat``, ``add`` or ``linear``.
    """

    texts: Tensor

    def __init__(self, table: IdTable, texts: Tensor, experts: HybridExperts, side: int, join: str) -> None:
        super().__init__()
        self.ids, self.experts, self.side, self.join = table, experts, side, join
        self.num_items, self.dim = table.num_items, table.dim * (2 if join == "concat" else 1)
        self.mix = nn.Linear(2 * table.dim, table.dim, bias=False) if join == "linear" else None
        self.register_buffer("texts", texts.float())

    def forward(self, ids: Tensor) -> Tensor:
        return self._joined(self.ids(ids), self.texts[ids.reshape(-1)])

    def table(self) -> Tensor:
        return self._joined(self.ids.table(), self.texts)

    def _joined(self, free: Tensor, texts: Tensor) -> Tensor:
        adapted: Tensor = self.experts(texts, self.side).reshape(free.shape)
        if self.join == "add":
            return free + adapted
        both = torch.cat([free, adapted], dim=-1)
        if self.mix is not None:
            both = self.mix(both)
        return both


class AugmentedItems(Augmented):
    """The same for items: a new one has its own text, and a free vector borrowed from items of like text."""

    @property
    def vectors(self) -> Tensor:
        """Text vectors of all items, ``(num_items, D)``."""
        return self.texts

    def grow(self, new: NewItems) -> None:
        """Appends the texts; the table of free vectors grows by itself."""
        self.texts = torch.cat([self.texts, new.text.to(self.texts)])


def augmented_tables(
    tables: tuple[IdTable, IdTable], texts: tuple[Tensor, Tensor], config: ExpertConfig
) -> tuple[ItemRepresentation, ItemRepresentation]:
    """Users and items as KAR begins with them.

    Args:
        tables: Free vectors of users and of items.
        texts: Their text vectors, ``(num_users, D)`` and ``(num_items, D)``.
        config: Keys of the adaptor.
    """
    experts = HybridExperts(
        texts[1].shape[1],
        tables[1].dim,
        hidden=config.expert_hidden,
        shared=config.shared_experts,
        own=config.own_experts,
    )
    users = Augmented(tables[0], texts[0], experts, 0, config.join)
    return users, AugmentedItems(tables[1], texts[1], experts, 1, config.join)
