"""TSLRec, later P2Rec: a language model learns what users like from item ids (Liu et al. 2024, arXiv 2406.00333).

A pre-trained recommender's item vectors fall into clusters, the latent categories. A language model with LoRA reads a
user's history as ids, ``item 12, item 845``, and is to say how the history is spread over the categories, for which it
has to learn the category of every id. Afterwards it is fed each id alone, and its state is the item's vector.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import Trainable
from foretaste.nn.batch import SequenceBatch
from foretaste.text.encoders.pooling import pool


class PreferenceReader(nn.Module, Trainable):
    """A language model with LoRA and a head over the latent categories.

    Its parameters and its state are LoRA and the head; the frozen model hangs beside the module, not in it.

    Args:
        model: A language model with LoRA in it, ``input_ids`` and ``attention_mask`` → ``last_hidden_state``.
        hidden: Width of its states.
        preferences: What each user's history is spread over, ``(num_users, K)``, rows that sum to 1; None where
            only vectors are wanted.
        categories: K.
        pooling: ``"mean"``, ``"last"`` or ``"cls"``.
    """

    preferences: Tensor

    def __init__(
        self,
        model: nn.Module,
        hidden: int,
        categories: int,
        *,
        preferences: Tensor | None = None,
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        self._frozen = (model,)
        self.pooling = pooling
        trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        self.lora = nn.ParameterDict({name.replace(".", "/"): weight for name, weight in trained.items()})
        self.head = nn.Linear(hidden, categories)
        self.register_buffer("preferences", torch.empty(0) if preferences is None else preferences, persistent=False)

    @property
    def model(self) -> nn.Module:
        """The language model, LoRA in it."""
        return self._frozen[0]

    def forward(self, batch: SequenceBatch) -> Tensor:
        """Cross-entropy between said and true preferences; a row of the batch is the tokens of a user's ids."""
        return self.user_losses(batch).mean()

    def user_losses(self, batch: SequenceBatch) -> Tensor:
        """The cross-entropy of each user, ``(B,)``."""
        said = F.log_softmax(self.head(self.embed(batch.items, batch.lengths)), dim=-1)
        return -(self.preferences[batch.users] * said).sum(-1)

    def embed(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """One vector for each row, ``(B, T)`` and ``(B,)`` → ``(B, hidden)`` float32."""
        mask = (torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]).long()
        return pool(self.model(input_ids=tokens, attention_mask=mask).last_hidden_state, mask, self.pooling)

    def train(self, mode: bool = True) -> PreferenceReader:
        self.model.train(mode)
        return super().train(mode)

    def _apply(self, *args: Any, **kwargs: Any) -> PreferenceReader:
        """Moves the frozen model along; LoRA's tensors are in both."""
        self.model._apply(*args, **kwargs)  # type: ignore[no-untyped-call]
        super()._apply(*args, **kwargs)  # type: ignore[no-untyped-call]
        return self


def preferences(train: Sequences, category: Tensor, categories: int) -> Tensor:
    """How each user's training items are spread over the latent categories, ``(num_users, K)``.

    A user without training items gets a row of zeros.

    Args:
        train: Training sequences, one row for each user.
        category: Of each item, ``(num_items,)``.
        categories: K.
    """
    cell = train.owners() * categories + category.numpy()[train.flat()]
    counts = np.bincount(cell, minlength=len(train) * categories).reshape(len(train), categories)
    return torch.from_numpy((counts / np.maximum(counts.sum(1, keepdims=True), 1)).astype(np.float32))


def fitting(train: Sequences, tokens: NDArray[np.int64], room: int) -> Sequences:
    """Each row cut to its newest items whose texts fit into so many tokens; at least one stays.

    Args:
        train: Sequences.
        tokens: Tokens of each item's text, separator included, ``(num_items,)``.
        room: Tokens for a row.
    """
    cost = tokens[train.flat()]
    ends = np.cumsum(train.lengths)
    total = np.concatenate([[0], np.cumsum(cost)])
    newest = total[np.repeat(ends, train.lengths)] - total[:-1]  # tokens of an item and of all after it
    kept = np.bincount(train.owners()[newest <= room], minlength=len(train))
    counts = np.minimum(np.maximum(kept, 1), train.lengths)
    return Sequences(train.items, train.starts + train.lengths - counts, counts, train.times)
