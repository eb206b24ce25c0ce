"""An expert that learns nothing, beside a trained network: an item is scored by how its text is like the history's.

Experts see a text through a projection to their own width, and what few have bought teaches that projection little. The
text vectors as they are know more of rare items (docs/methods/pad.md has figures), so they are one expert more, with a
gate by frequency of its own, ``c(i)``, and a prior ``p(i)`` that holds popular items against the rare ones it raises:

    s(u, i) = s_network(u, i) + c(i) ⟨Σ_t decay^t e_t, e_i⟩ + p(i)

with ``e`` at length 1 and ``t`` counted back from the newest item. All of it is one inner product, so one index serves
it. Source: this library; the sum is TextKNN's, the ramps are those of PAD's gate (arXiv 2412.04107, released code).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.data.sequences import Sequences
from foretaste.models.base import Users, as_tensor
from foretaste.models.content import as_compared
from foretaste.models.folded import FoldedModel
from foretaste.models.item_to_item import decayed
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.growth import NewItems
from foretaste.nn.text_items import TextTable

LEVEL = 64.0
"""What stands in a user's vector where an item's has its prior, which is divided by it: so small an entry of an item's
vector leaves its neighbours alone."""

ROWS = 4096
"""Histories whose texts are summed at once."""


@dataclass(frozen=True)
class NeighbourConfig:
    """What the expert adds; the defaults add nothing."""

    neighbour_weight: float = option(
        0.0, "Weight c of likeness of texts for the coldest items.", paper="0: no such expert", low=0
    )
    neighbour_floor: float = option(
        1.0, "The same for the hottest items, as a share of it; between them it rises bin by bin.", low=0, high=1
    )
    neighbour_prior: float = option(
        0.0, "Prior p of the hottest items, from where it falls to 0, ever more gently, at the coldest.",
        paper="0: no such prior", low=0,
    )  # fmt: skip


class NeighbourExpert(FoldedModel):
    """A trained network and, beside it, the expert that learns nothing.

    Args:
        network: The network.
        bins: Frequency bin of each item, 0 the hottest, ``(V,)`` int64.
        config: What is added.
        count: How many bins there are.
        decay: Weight of an item of the history against the one that came after it.
        text: Text vectors, ``(V, D)``, where the network has none of its own.
        sizes: What its recipe has to know to build it again.

    Attributes:
        terms: Weight, floor and prior: a buffer, so that values chosen after the training are saved with the model.
    """

    bins: Tensor
    terms: Tensor

    def __init__(
        self,
        network: SequenceRecommender,
        bins: Tensor,
        config: NeighbourConfig,
        *,
        count: int,
        decay: float,
        text: TextTable | None = None,
        sizes: dict[str, int] | None = None,
    ) -> None:
        super().__init__(network, sizes)
        self.count, self.decay, self.beside = count, decay, text
        self.register_buffer("bins", bins)
        self.register_buffer("terms", torch.zeros(3, dtype=torch.float64))
        self.serve_with(config)

    def serve_with(self, config: NeighbourConfig) -> None:
        """Sets what is added to the scores.

        Raises:
            ConfigError: If likeness of texts is asked of a network that reads none.
        """
        if config.neighbour_weight and self.text is None:
            raise ConfigError(
                "neighbour_weight needs an expert that reads texts",
                mend="set neighbour_weight=0, or choose experts with text or aligned",
            )
        wanted = [config.neighbour_weight, config.neighbour_floor, config.neighbour_prior]
        self.terms.copy_(torch.tensor(wanted, dtype=torch.float64))
        self.forget()

    @property
    def serving(self) -> NeighbourConfig:
        """What is added to the scores."""
        return NeighbourConfig(*self.terms.tolist())

    @property
    def text(self) -> TextTable | None:
        """The texts that are compared."""
        if self.beside is not None:
            return self.beside
        return next((part for part in self.network.items.modules() if isinstance(part, TextTable)), None)

    @property
    def widths(self) -> tuple[int, int]:
        """Columns of text and of the prior behind the network's own."""
        text, serving = self.text, self.serving
        return (
            0 if text is None or not serving.neighbour_weight else text.vectors.shape[1],
            1 if serving.neighbour_prior else 0,
        )

    def ramps(self, bins: Tensor, config: NeighbourConfig | None = None) -> tuple[Tensor, Tensor]:
        """Weights ``c`` and priors ``p`` of items of these bins, ``(n,)`` each."""
        told = config or self.serving
        cold = bins.float() / max(self.count - 1, 1)
        rises = told.neighbour_floor + (1 - told.neighbour_floor) * cold
        return told.neighbour_weight * rises, told.neighbour_prior * (1 - cold) ** 2

    def unit_text(self, rows: Tensor | slice = slice(None)) -> Tensor:
        """Text vectors at length 1, ``(n, D)``."""
        assert self.text is not None, "serve_with() has looked"
        return F.normalize(as_compared(self.text)[rows], dim=1)

    def likes(self, histories: Sequences) -> Tensor:
        """``Σ_t decay^t e_t`` of each history, ``(n, D)``; zero for an empty one."""
        assert self.text is not None, "serve_with() has looked"
        out = torch.empty(len(histories), self.text.vectors.shape[1], device=self.bins.device)
        for start in range(0, len(histories), ROWS):
            rows = histories.take(np.arange(start, min(start + ROWS, len(histories)))).last(self.network.max_len)
            known = np.unique(rows.flat()).astype(np.int64)
            weights = decayed(rows, self.num_items, self.network.max_len, self.decay)[:, known]
            summed = weights @ self.unit_text(as_tensor(known).to(out.device)).cpu().numpy()
            out[start : start + len(rows)] = torch.from_numpy(summed).to(out)
        return out

    def grow(self, new: NewItems) -> None:
        """Nobody has had a new item: it is as cold as can be."""
        self.bins = torch.cat([self.bins, torch.full((len(new),), self.count - 1).to(self.bins)])

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        with self.network.items.once():
            parts = [self.network.user_vectors(histories, users)]
        texts, prior = self.widths
        if texts:
            parts.append(self.likes(histories))
        if prior:
            somebody = torch.from_numpy(histories.lengths > 0).to(parts[0])
            parts.append(LEVEL * somebody[:, None])
        return torch.cat(parts, dim=1)

    def folded(self, vectors: Tensor, rows: Tensor | slice) -> Tensor:
        """Item vectors with text and prior behind them, ``(n, d + D + 1)``."""
        weights, priors = self.ramps(self.bins[rows])
        texts, prior = self.widths
        parts = [vectors]
        if texts:
            parts.append(weights[:, None] * self.unit_text(rows))
        if prior:
            parts.append(priors[:, None] / LEVEL)
        return torch.cat(parts, dim=1)
