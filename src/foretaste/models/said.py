"""SAID: item vectors from which a frozen language model writes the item's text (Hu et al., WWW 2024 companion).

An item's id becomes a vector, a projector brings it to the width of the language model's embeddings, and there it
stands as one soft token before the text: ``-Σ_k log p(t_k | v_i, t_<k)`` per token, with teacher forcing. The language
model stays as it is; only the vectors and the projector learn, so that what is said of an item ends up in its vector.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from foretaste.models.base import Trainable
from foretaste.nn.batch import SequenceBatch
from foretaste.text.generation.likelihood import soft_token_losses, token_losses


class SoftItems(nn.Module, Trainable):
    """Item vectors that make a frozen language model write the items' texts.

    All items start from the same vector, the mean of the language model's embeddings, so that what tells two of them
    apart was learnt from their texts. The language model hangs beside the module, not in it: it is no part of
    checkpoints.

    Args:
        network: A causal language model of the transformers library; its weights are frozen here.
        num_items: Size of the catalogue.
        width: Width of the vectors before the projector.
        opening: Tokens that stand before the soft token in every text.
        std: Standard deviation of the vectors before the projector at the start, in units of what one update can do.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, network: nn.Module, num_items: int, width: int, *, opening: int, std: float = 0.0) -> None:
        super().__init__()
        self._frozen = (network.requires_grad_(False).eval(),)
        self.opening = opening
        embeddings = network.get_input_embeddings().weight.detach().float()  # type: ignore[operator]
        self.items = nn.Parameter(torch.randn(num_items, width) * std)
        self.projector = nn.Linear(width, embeddings.shape[1])
        nn.init.normal_(self.projector.weight, std=width**-0.5)
        nn.init.zeros_(self.projector.bias)
        self.register_buffer("mean", embeddings.mean(0))
        self.register_buffer("scale", embeddings.std())

    @property
    def network(self) -> nn.Module:
        """The frozen language model."""
        return self._frozen[0]

    def forward(self, batch: SequenceBatch) -> Tensor:
        """Mean loss of a token; a row of the batch is a text, its user the item."""
        return self.token_losses(batch).mean()

    def token_losses(self, batch: SequenceBatch) -> Tensor:
        """Negative log-likelihood of every token of the texts, ``(N,)``."""
        soft = self.soft_tokens(self.items[batch.users])
        return soft_token_losses(self.network, soft, batch.items, batch.lengths, self.opening)

    def soft_tokens(self, items: Tensor) -> Tensor:
        """What the language model reads, ``(…, width)`` → ``(…, D)``; near its own embeddings in size."""
        projected: Tensor = self.projector(items)
        return self.mean + self.scale * projected

    @torch.no_grad()
    def vectors(self) -> Tensor:
        """The soft tokens of all items, ``(num_items, D)``."""
        return self.soft_tokens(self.items)

    def _apply(self, *args: Any, **kwargs: Any) -> SoftItems:
        """Moves the language model along."""
        self.network._apply(*args, **kwargs)  # type: ignore[no-untyped-call]
        super()._apply(*args, **kwargs)  # type: ignore[no-untyped-call]
        return self


class NextToken(nn.Module, Trainable):
    """A causal language model that learns to write texts.

    Args:
        network: A causal language model of the transformers library.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: SequenceBatch) -> Tensor:
        """Mean loss of a token; a row of the batch is a text."""
        return self.token_losses(batch).mean()

    def token_losses(self, batch: SequenceBatch) -> Tensor:
        """Negative log-likelihood of every token but the first of each row, ``(N,)``."""
        return token_losses(self.network, batch.items, batch.lengths)


def token_probability(model: SoftItems | NextToken, batches: list[SequenceBatch]) -> float:
    """Geometric mean of the probabilities that texts' tokens get, ``exp(-mean loss)``: 1 over the perplexity."""
    device = next(model.parameters()).device
    total, count = 0.0, 0
    with torch.inference_mode():
        for batch in batches:
            losses = model.token_losses(batch.to(device)).double()
            total, count = total + float(losses.sum()), count + len(losses)
    return float(torch.tensor(-total / max(count, 1)).exp())
