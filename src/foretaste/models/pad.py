"""PAD: pre-train, align, disentangle (SIGIR 2025, arXiv 2412.04107).

Up to three experts read a history: one sees free item vectors alone, one text vectors alone, and between them one sees
both, its free vectors a copy of the first one's that was aligned with the text. Each has tables and an encoder of its
own, ``u_e`` and ``v_e``; a score is ``sum_e g_e(i) <u_e, v_e(i)>`` with a gate that goes by how often the item occurs.
As the gate looks at the item alone, it is folded into the item's vector, and one index serves all experts.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from foretaste.models.backbones import backbone
from foretaste.models.pad_config import PADConfig
from foretaste.models.pad_experts import AlignedItems, text_table
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.gate import FrequencyGate, GatedItems, ramps
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss
from foretaste.nn.text_items import Views
from foretaste.nn.towers import Towers


class GatedRecommender(SequenceRecommender):
    """Experts side by side; what is scored is what they read, times the gate.

    Args:
        items: What each expert sees of an item.
        encoder: Reads each view with an encoder of its own.
        gate: Weighs the experts by the item.
        loss: Loss over the catalogue, which then sees gated items; None for a network that will only score.
        max_len: Newest items of a history that are looked at.
    """

    def __init__(
        self, items: Views, encoder: Towers, gate: FrequencyGate, loss: CatalogueLoss | None, *, max_len: int
    ) -> None:
        super().__init__(items, encoder, loss, max_len=max_len)
        self.gate = gate

    @property
    def views(self) -> Views:
        """What each expert sees of an item."""
        assert isinstance(self.items, Views)
        return self.items

    def adapt(self) -> None:
        self.views.adapt()

    def scored(self) -> GatedItems:
        """The items as states are compared with them."""
        return GatedItems(self.views, self.gate)

    def catalogue_loss(self, states: Tensor, targets: Tensor, users: Tensor) -> Tensor:
        if self.loss is None:
            raise RuntimeError("this network was built for scoring: it has no loss")
        return self.loss(states, targets, users, self.scored())

    def item_vectors(self) -> Tensor:
        return self.scored().table().detach()


def expert(
    config: PADConfig, name: str, text: Tensor, loss: CatalogueLoss | None = None, ids: IdTable | None = None
) -> SequenceRecommender:
    """One expert alone.

    Args:
        config: Keys.
        name: ``"id"``, ``"aligned"`` or ``"text"``.
        text: Frozen text vectors, ``(V, D)``.
        loss: Loss over the catalogue; None for a network that will only score.
        ids: Free vectors to start from; None for random ones. A text expert has none.
    """
    keys = config.of(name)
    free = ids or IdTable(len(text), keys.dim, std=keys.init_std)
    items: ItemRepresentation = free
    if name == "text":
        items = text_table(keys, text)
    if name == "aligned":
        rate = keys.dropout if keys.dropout is not None else 0.5
        items = AlignedItems(
            free, text_table(keys, text), fusion=keys.fusion, activation=keys.fusion_activation, dropout=rate
        )
    return backbone(keys, items, loss)


def together(
    config: PADConfig, experts: list[SequenceRecommender], bins: Tensor, loss: CatalogueLoss | None = None
) -> SequenceRecommender:
    """The network of these experts, which are those that ``config.experts`` names; one alone is itself.

    Args:
        config: Keys.
        experts: Each with its items and encoder, which the network takes over.
        bins: Frequency bin of each item, ``(V,)`` int64.
        loss: Loss over the catalogue; None for a network that will only score.
    """
    if len(experts) == 1:
        return experts[0]
    gate = FrequencyGate(
        bins,
        ramps(config.names, config.bins, aligned=config.gamma2),
        kind=config.gate,
        lr_factor=config.gate_lr_factor,
    )
    network = GatedRecommender(
        Views([one.items for one in experts]),
        Towers([one.encoder for one in experts]),
        gate,
        loss,
        max_len=experts[0].max_len,
    )
    network.factor = math.sqrt(config.dim) if config.scale else 1.0
    return network


def parts(network: SequenceRecommender, config: PADConfig) -> dict[str, nn.Module]:
    """The parts of a network of several experts by name, as ``freeze`` has them."""
    assert isinstance(network, GatedRecommender)
    assert isinstance(network.encoder, Towers)
    found: dict[str, nn.Module] = {"gate": network.gate}
    for name, items, encoder in zip(config.names, network.views.views, network.encoder.encoders, strict=True):
        found |= {f"{name}.items": items, f"{name}.encoder": encoder}
        if isinstance(items, AlignedItems):
            found |= {f"{name}.ids": items.ids, f"{name}.text": items.text}
    return found
