"""MELT: a branch for tail users and a branch for tail items that help each other (Kim et al., SIGIR 2023).

Two linear maps are learnt beside a sequence model ``f``. One completes the state of a short history, taught by head
users whose history is shortened; the other makes an item's vector out of the states of its contexts, taught by head
items. Tail items take their vectors from the second at the start of every epoch; tail users are completed by the first
whenever they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foretaste.core.config import option
from foretaste.data.sequences import Sequences
from foretaste.models.auxiliary import AuxiliaryLoss, Regularised
from foretaste.models.base import Users, as_tensor
from foretaste.models.sequence import SequenceRecommender


@dataclass(frozen=True)
class MELTConfig:
    """Keys of the two branches."""

    user_weight: float = option(0.1, "Weight of the user branch.", paper="0.1 (Beauty)", low=0)
    item_weight: float = option(0.4, "Weight of the item branch.", paper="0.4 (Beauty)", low=0)
    user_quantile: float = option(
        0.8, "Users whose history is no longer than this quantile are tail.", paper="0.8 (Amazon), 0.5", low=0, high=1
    )
    item_quantile: float = option(
        0.78, "Items no more frequent than this quantile are tail.", paper="0.78 (Amazon), 0.48", low=0, high=1
    )
    branch_rows: int = option(32, "Head users, and head items, drawn for a step.", paper="128", low=1)
    max_contexts: int = option(
        20, "Contexts drawn for a head item at the most, and never above the threshold.", paper="the threshold", low=1
    )
    warm_start: bool = option(
        True, "Start both maps from their least-squares solution on the heads, not from random weights.", paper="false"
    )
    complete_contexts: bool = option(
        True, "Complete contexts by the users' map where tail items are rewritten, as in training.", paper="false"
    )
    branch_dropout: bool = option(
        False, "Dropout where the branches read histories; tail items are always rewritten without.", paper="true"
    )
    detach: bool = option(False, "Hold the branches' targets fixed instead of training them too.", paper="false")


class TailUsers(nn.Module):
    """Completes the states of short histories: ``u + W_U u``.

    Args:
        dim: Width of a state.
        longest: Items in the history of a tail user at the most; a buffer, so it is saved with the map.
    """

    longest: Tensor

    def __init__(self, dim: int, longest: int = 0) -> None:
        super().__init__()
        self.map = nn.Linear(dim, dim)
        self.register_buffer("longest", torch.tensor(longest))

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """States of all users, those of tail users completed: ``(n, d)`` and ``(n,)`` → ``(n, d)``."""
        tail = (lengths > 0) & (lengths <= self.longest)
        return torch.where(tail[:, None], states + self.map(states), states)


class MELT(Regularised):
    """A sequence model whose tail users are completed, with the branches while it is trained.

    Args:
        model: The sequence model, on a table of ids.
        tail: The map for tail users.
        branches: The two terms of the loss; none for a network that will only score.
    """

    def __init__(self, model: SequenceRecommender, tail: TailUsers, branches: Sequence[AuxiliaryLoss] = ()) -> None:
        super().__init__(model, branches)
        self.tail = tail

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        """States of all users; a history of at most ``tail.longest`` items is that of a tail user."""
        states = self.model.user_vectors(histories, users)
        with torch.inference_mode():
            completed: Tensor = self.tail(states, as_tensor(histories.lengths).to(states.device))
        return completed
