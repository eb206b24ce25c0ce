"""Learning from similar users: the retrieval-augmented self-distillation of LLM-ESR, and its item regulariser.

Liu et al., NeurIPS 2024, arXiv 2405.20646, section 3.3. A user's state is drawn to the mean state of the users whose
histories read most alike; the mean is a teacher, so no gradient runs through it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.auxiliary import AuxiliaryLoss
from foretaste.models.base import as_tensor
from foretaste.models.sequence import SequenceRecommender, blocks_of_like_length
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.losses.soft_clip import soft_clip
from foretaste.nn.losses.symmetric import symmetric_infonce

TOKENS = 8192
"""Places encoded at once."""


class Histories(nn.Module):
    """Training sequences without their newest item, as tensors: what student and teachers read.

    A sequence of one item keeps it, so that nobody who has any training item is without a state.

    Args:
        train: Training sequences, one row for each user.
        max_len: Newest items that are looked at.
    """

    items: Tensor
    lengths: Tensor
    starts: Tensor

    def __init__(self, train: Sequences, max_len: int) -> None:
        super().__init__()
        rows = train.first((train.lengths - 1).clip(1)).last(max_len)
        self.register_buffer("items", as_tensor(rows.flat()), persistent=False)
        self.register_buffer("lengths", as_tensor(rows.lengths), persistent=False)
        self.register_buffer("starts", as_tensor(rows.lengths.cumsum() - rows.lengths), persistent=False)

    def padded(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """Right-padded items ``(n, T)`` and lengths ``(n,)`` of some users."""
        lengths = self.lengths[users]
        places = torch.arange(int(lengths.max()), device=users.device)
        real = places < lengths[:, None]
        items = self.items[(self.starts[users][:, None] + places).clamp_max(len(self.items) - 1)]
        return items.masked_fill(~real, 0), lengths

    def states(self, model: SequenceRecommender, users: Tensor, tokens: int = TOKENS) -> Tensor:
        """The last state of each user, ``(n, d)``; encoded in blocks of like lengths, zero without any item."""
        order: list[Tensor] = []
        found: list[Tensor] = []
        for block in blocks_of_like_length(self.lengths[users].cpu().numpy(), tokens):
            index = torch.from_numpy(block).to(users.device)
            order.append(index)
            found.append(model.last_states(*self.padded(users[index])))
        out = torch.zeros(len(users), model.items.dim, device=users.device)
        return out.index_copy(0, torch.cat(order), torch.cat(found)) if found else out


class SelfDistillation(AuxiliaryLoss):
    """``weight · MSE(h(u), mean_{v in N(u)} h(v))``, the mean over users and dimensions; the second part is constant.

    Two teachers: ``online`` encodes the neighbours of a batch's users at every step with the network as it stands (the
    paper); ``bank`` encodes every user once at the start of an epoch and looks states up (as exact at that moment, and
    many times cheaper).

    Args:
        train: Training sequences, one row for each user.
        neighbours: Users like each user, ``(U, N)``.
        weight: The paper's alpha.
        max_len: Newest items of a history that are looked at.
        dim: Width of a state.
        teacher: ``"online"`` or ``"bank"``.
        dropout: Whether an online teacher drops out like its student, as in the released code; the bank never does.
        loss: ``"mse"``, or ``"soft-clip"``: the released code's option, a contrastive loss with soft targets between
            students and teachers.
        temperature: Of the latter.
    """

    neighbours: Tensor
    bank: Tensor

    def __init__(
        self,
        train: Sequences,
        neighbours: NDArray[np.int64],
        *,
        weight: float,
        max_len: int,
        dim: int,
        teacher: str = "online",
        dropout: bool = True,
        loss: str = "mse",
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight, self.teacher, self.dropout = weight, teacher, dropout
        self.loss, self.temperature = loss, temperature
        self.histories = Histories(train, max_len)
        self.register_buffer("neighbours", as_tensor(neighbours), persistent=False)
        self.register_buffer("bank", torch.zeros(len(train) if teacher == "bank" else 0, dim))

    def forward(self, model: SequenceRecommender, batch: SequenceBatch) -> Tensor:
        users = torch.unique(batch.users)
        students = self.histories.states(model, users)
        teachers = self.teachers(model, users)
        if self.loss == "soft-clip":
            return self.weight * soft_clip(students, teachers, self.temperature)
        return self.weight * F.mse_loss(students, teachers)

    @torch.no_grad()
    def teachers(self, model: SequenceRecommender, users: Tensor) -> Tensor:
        """The mean state of each user's neighbours, ``(n, d)``; who is a neighbour of several is encoded once."""
        near = self.neighbours[users]
        if self.teacher == "bank":
            return self.bank[near].mean(1)
        who, place = torch.unique(near, return_inverse=True)
        with _mode(model, training=model.training and self.dropout):
            return self.histories.states(model, who)[place].mean(1)

    @torch.no_grad()
    def begin_epoch(self, model: SequenceRecommender, epoch: int, epochs: int) -> None:
        """Fills the bank; it is a buffer, so a run that goes on inside an epoch finds it in the checkpoint."""
        if self.teacher == "bank":
            everyone = torch.arange(len(self.bank), device=self.bank.device)
            with _mode(model, training=False), model.items.once():
                self.bank.copy_(self.histories.states(model, everyone))


class ViewAgreement(AuxiliaryLoss):
    """Draws the two views of an item together, over the different items of a batch: LLM-ESR's ``item_reg``.

    An item's vector in one view is told from those of the batch's other items in the other view, in both directions.
    Each item counts once; in the released code an item that stands in several places is its own negative.

    Args:
        weight: The paper's beta.
        temperature: Scores are divided by it.
        loss: ``"cosine"`` (InfoNCE over cosines), or ``"soft-clip"`` as in the released code.
    """

    def __init__(self, *, weight: float, temperature: float, loss: str = "cosine") -> None:
        super().__init__()
        self.weight, self.temperature = weight, temperature
        self.compare = soft_clip if loss == "soft-clip" else symmetric_infonce

    def forward(self, model: SequenceRecommender, batch: SequenceBatch) -> Tensor:
        items = torch.unique(batch.items[batch.mask()])
        co, se = model.items(items).view(len(items), 2, -1).unbind(1)
        return self.weight * self.compare(co, se, self.temperature)


@contextmanager
def _mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    was = model.training
    model.train(training)
    try:
        yield
    finally:
        model.train(was)
