"""What can be done to the scores of a trained model without training it again: content term, router, debiasing.

All come from the independent reproduction of LLM-ESR, which found that they help when added afterwards and do not
when trained along. The router multiplies the collaborative part of a rare candidate's score; that is a factor on a
part of its vector, so it is folded into the item vectors and one index still serves them. The content term takes a
maximum over the history, and popularity belongs to no vector that other uses of the item vectors (neighbours of an
item, an exported table) should see: these two are added to the product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.data.sequences import Sequences
from foretaste.models.base import Users
from foretaste.models.content import ContentTerm, text_view
from foretaste.models.folded import FoldedModel
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.growth import NewItems
from foretaste.nn.text_items import TextTable, Views

ROWS = 64
"""Histories whose nearest texts are looked for at once."""


@dataclass(frozen=True)
class ServingConfig:
    """What is added when serving; the defaults add nothing."""

    content_weight: float = option(
        0.0, "Added to a score: this times the cosine of the candidate's text and the nearest text in the history.",
        paper="16, on the scores of a binary cross-entropy (reproduction)", low=0,
    )  # fmt: skip
    router_alpha: float = option(
        1.0, "Factor on the collaborative part of a rare candidate's score.", paper="about 0 (reproduction)", low=0
    )
    router_below: int = option(0, "Rare is an item with fewer interactions in training than this.", low=0)
    debias: float = option(
        0.0, "Taken off a score: this times log(1 + interactions of the candidate in training).",
        paper="0.1, on the scores of a binary cross-entropy (reproduction)", low=0,
    )  # fmt: skip


class ServedModel(FoldedModel):
    """A trained network with what is added to its scores.

    Args:
        network: The network.
        popularity: Interactions of each item in the training part, ``(V,)`` int64.
        config: What is added.
        sizes: What its recipe has to know to build it again.

    Attributes:
        terms: Content weight, the router's factor and threshold, weight of debiasing: a buffer, so that values chosen
            after the training are saved with the model.
    """

    popularity: Tensor
    terms: Tensor

    def __init__(
        self,
        network: SequenceRecommender,
        popularity: Tensor,
        config: ServingConfig,
        *,
        sizes: dict[str, int] | None = None,
    ) -> None:
        super().__init__(network, sizes)
        self.register_buffer("popularity", popularity)
        self.register_buffer("terms", torch.zeros(4, dtype=torch.float64))
        self._content = ContentTerm()
        self.serve_with(config)

    def serve_with(self, config: ServingConfig) -> None:
        """Sets what is added to the scores.

        Raises:
            ConfigError: If the network has no view that a term needs.
        """
        if config.content_weight and self.text is None:
            raise ConfigError("content_weight needs a view made of text", mend="set content_weight=0, or se_view=true")
        if config.router_alpha != 1 and not isinstance(self.network.items, Views):
            raise ConfigError("router_alpha needs two views", mend="set router_alpha=1, or co_view=true")
        wanted = [config.content_weight, config.router_alpha, config.router_below, config.debias]
        self.terms.copy_(torch.tensor(wanted, dtype=torch.float64))
        self.forget()

    @property
    def text(self) -> TextTable | None:
        """What the content term compares."""
        return text_view(self.network.items)

    @property
    def serving(self) -> ServingConfig:
        """What is added to the scores."""
        weight, alpha, below, debias = self.terms.tolist()
        return ServingConfig(weight, alpha, int(below), debias)

    @property
    def inner_product(self) -> bool:
        return self.serving.content_weight == 0 and self.serving.debias == 0

    def grow(self, new: NewItems) -> None:
        """Nobody has had a new item."""
        self.popularity = torch.cat([self.popularity, self.popularity.new_zeros(len(new))])

    def folded(self, vectors: Tensor, rows: Tensor | slice) -> Tensor:
        """Item vectors with the router's factor on their collaborative part, ``(n, d)``."""
        serving = self.serving
        if serving.router_alpha == 1:
            return vectors
        width = self.network.items.views[0].dim  # type: ignore[index]
        factor = torch.where(self.popularity[rows] < serving.router_below, serving.router_alpha, 1.0)
        return torch.cat([vectors[:, :width] * factor[:, None], vectors[:, width:]], dim=1)

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        with self.network.items.once():
            return self.network.user_vectors(histories, users)

    def score(self, histories: Sequences, users: Users = None) -> Tensor:
        scores, serving = super().score(histories, users), self.serving
        if serving.debias:
            scores -= serving.debias * self.log_popularity
        if not serving.content_weight:
            return scores
        for start in range(0, len(histories), ROWS):
            rows = np.arange(start, min(start + ROWS, len(histories)))
            scores[start : start + ROWS] += serving.content_weight * self.content(histories.take(rows))
        return scores

    @property
    def log_popularity(self) -> Tensor:
        """``log(1 + interactions in training)`` of each item, ``(V,)``: what debiasing weighs."""
        return self.popularity.float().log1p()

    def content(self, histories: Sequences) -> Tensor:
        """The content term before its weight, ``(n, V)``; call it with a few rows."""
        assert self.text is not None, "serve_with() has looked"
        return self._content.of(self.text, histories.last(self.network.max_len))
