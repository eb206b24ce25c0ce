"""Which items a user already has: one sorted array of keys, searched for whole batches at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Membership(nn.Module):
    """The set of (user, item) pairs of the training part.

    Args:
        users: Dense user ids of the interactions, ``(N,)`` int64.
        items: Dense item ids beside them, ``(N,)`` int64.
        num_items: Size of the catalogue.
    """

    keys: Tensor

    def __init__(self, users: Tensor, items: Tensor, num_items: int) -> None:
        super().__init__()
        self.num_items = num_items
        self.register_buffer("keys", torch.unique(users * num_items + items), persistent=False)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """True where the user has the item; ``users`` and ``items`` broadcast against each other."""
        wanted = users * self.num_items + items
        if not len(self.keys):
            return torch.zeros_like(wanted, dtype=torch.bool)
        place = torch.searchsorted(self.keys, wanted).clamp_max(len(self.keys) - 1)
        return self.keys[place] == wanted
