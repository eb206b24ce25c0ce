"""LLMEmb's supervised contrastive fine-tuning of a language model (Liu et al., AAAI 2025, arXiv 2409.19925).

Two views of an item, each with some attributes dropped, should lie close together and away from other items' views.
Only LoRA adapters on the linear layers of the transformer blocks are trained; the model itself stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foretaste.models.base import Trainable
from foretaste.nn.losses.soft_clip import soft_clip
from foretaste.nn.losses.symmetric import symmetric_infonce
from foretaste.text.encoders.pooling import pool

PIECES = 4
"""Parts of like length in which a batch is read."""


@dataclass(frozen=True)
class ViewBatch:
    """Two views of each of ``B`` items, as right-padded token ids.

    Attributes:
        tokens: All first views, then all second views, ``(2B, T)`` int64.
        lengths: Tokens of each row, ``(2B,)``.
        groups: Items with equal numbers are the same thing twice (equal text or title), ``(B,)``.
        content: Views with equal numbers tell the same, ``(2, B)``.
    """

    tokens: Tensor
    lengths: Tensor
    groups: Tensor
    content: Tensor

    def to(self, device: torch.device | str) -> ViewBatch:
        """The same batch on another device."""
        return ViewBatch(*(t.to(device) for t in (self.tokens, self.lengths, self.groups, self.content)))

    def no_negatives(self) -> tuple[Tensor, Tensor]:
        """Where ``x_j`` (first) and ``y_j`` (second view) must not be held against item ``i``, ``(B, B)`` each.

        A duplicate of the item is no negative, nor is a view that tells what one of the item's own views tells.
        """
        same = self.groups[:, None] == self.groups
        first, second = self.content
        own = torch.stack([first, second], 1)
        return same | (own[:, :, None] == first).any(1), same | (own[:, :, None] == second).any(1)


class SCFT(nn.Module, Trainable):
    """A language model with LoRA, and the loss of its two views.

    Its parameters and its state are what is trained, LoRA and perhaps the temperature. The frozen model hangs beside
    the module, not in it, so that checkpoints stay as small as the adapter.

    Args:
        model: The language model with LoRA in it (:func:`with_lora`).
        pooling: ``"mean"``, ``"last"`` or ``"cls"``.
        head: What follows the pooling, frozen.
        temperature: Of the loss, where it starts.
        learn_temperature: Whether it is trained.
        loss: ``"infonce"`` of cosines, or ``"soft-clip"`` as in the released code.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        pooling: str = "mean",
        head: nn.Module | None = None,
        temperature: float = 0.05,
        learn_temperature: bool = False,
        loss: str = "infonce",
    ) -> None:
        super().__init__()
        self._frozen = (model, head or nn.Identity())
        self.pooling, self.loss = pooling, loss
        trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        self.lora = nn.ParameterDict({name.replace(".", "/"): weight for name, weight in trained.items()})
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)), requires_grad=learn_temperature)

    @property
    def model(self) -> nn.Module:
        """The language model, LoRA in it."""
        return self._frozen[0]

    def forward(self, batch: ViewBatch) -> Tensor:
        x, y = self.embed(batch.tokens, batch.lengths).chunk(2)
        temperature = self.log_temperature.exp()
        if self.loss == "soft-clip":
            return soft_clip(x, y, temperature)
        return symmetric_infonce(x, y, temperature, *batch.no_negatives())

    def embed(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """One vector for each row, ``(B, T)`` and ``(B,)`` → ``(B, D)`` float32.

        Rows are read a few at a time, the short ones together: two views of an item differ in length, and reading all
        of a batch at the width of its longest row would spend a quarter of the work on padding.
        """
        order = lengths.argsort(stable=True)
        parts = [rows for rows in order.chunk(PIECES) if len(rows)]
        found = [self._embed(tokens[rows, : int(lengths[rows].max())], lengths[rows]) for rows in parts]
        return torch.cat(found)[order.argsort()]

    def _embed(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        model, head = self._frozen
        mask = (torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]).long()
        states = model(input_ids=tokens, attention_mask=mask).last_hidden_state
        vectors: Tensor = head(pool(states, mask, self.pooling))
        return vectors

    def train(self, mode: bool = True) -> SCFT:
        for part in self._frozen:
            part.train(mode)
        return super().train(mode)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> SCFT:
        """Moves the frozen model along; LoRA's tensors are in both."""
        for part in self._frozen:
            part._apply(fn, recurse)  # type: ignore[no-untyped-call]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self
