"""The contract of a loss over the catalogue."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from foretaste.nn.items import ItemRepresentation


class CatalogueLoss(Protocol):
    """Compares states with item vectors."""

    def __call__(self, states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation) -> Tensor:
        """The mean loss, a scalar.

        Args:
            states: What the network thinks of the next item, ``(N, d)``.
            targets: The items that came, ``(N,)`` int64.
            users: Whose they are, ``(N,)`` int64.
            items: The item representation that scores them.
        """
