"""Mult-VAE: a user's items as draws from one multinomial (Liang et al., WWW 2018, arXiv 1802.05814).

The encoder reads a history as a set, so whoever comes with one is a user like any other, and there are no user ids. The
decoder's last layer is an inner product and a bias, which is one more column: an index serves it.

A row of the user-item matrix is never written out on its way in: the first layer adds up the columns of the items that
are there. On its way out it is, ``(B, num_items)``, because the multinomial is over the whole catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.core.config import option
from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever, Trainable, Users, as_tensor
from foretaste.models.pairs import distinct
from foretaste.nn.batch import SetBatch
from foretaste.nn.losses.softmax import Workspace, linear_cross_entropy

ROWS = 4096
"""Histories encoded at once when scoring."""


@dataclass(frozen=True)
class MultVAEConfig:
    """Keys of the network."""

    hidden: tuple[int, ...] = option((600,), "Widths between the items and the code, outermost first.", paper="600")
    dim: int = option(200, "Width of the code z.", paper="200", low=1)
    dropout: float = option(
        0.5, "Share of a history's items that the encoder does not see.", paper="0.5", low=0, high=0.99
    )
    beta: float = option(0.2, "Weight of the KL term once it is annealed, the cap.", paper="0.2", low=0)
    anneal_steps: int = option(
        2000, "Updates over which the weight would rise from 0 to 1; it stops at beta.", paper="200,000", low=0
    )


class MultVAE(Retriever, Trainable):
    """Items of a history → Gaussian code → log-probabilities of all items.

    Args:
        num_items: Size of the catalogue.
        config: Keys of the network.
    """

    updates: Tensor

    def __init__(self, num_items: int, config: MultVAEConfig) -> None:
        super().__init__()
        self.num_items, self.config = num_items, config
        widths = [*config.hidden, config.dim] if config.hidden else [config.dim]
        first = widths[0] if config.hidden else 2 * config.dim
        self.read = nn.Parameter(torch.randn(num_items, first) * (2 / (num_items + first)) ** 0.5)
        self.read_bias = nn.Parameter(torch.randn(first) * 0.001)
        self.encoder = _layers([*config.hidden, 2 * config.dim] if config.hidden else [])
        self.decoder = _layers(widths[::-1])
        self.write = nn.Parameter(torch.randn(num_items, widths[0]) * (2 / (num_items + widths[0])) ** 0.5)
        self.write_bias = nn.Parameter(torch.randn(num_items) * 0.001)
        self.workspace = Workspace()
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def encode(self, items: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of each row's code, both ``(B, dim)``.

        Args:
            items: Distinct items of all rows, one row behind the other, ``(N,)`` int64.
            lengths: Items of each row, ``(B,)`` int64; a row may be empty.
        """
        weights = torch.repeat_interleave(lengths.clamp_min(1).to(self.read.dtype).rsqrt(), lengths)
        weights = F.dropout(weights, self.config.dropout, self.training)
        starts = lengths.cumsum(0) - lengths
        x = F.embedding_bag(items, self.read, starts, mode="sum", per_sample_weights=weights) + self.read_bias
        for layer in self.encoder:
            x = layer(torch.tanh(x))
        mean, log_variance = x.chunk(2, dim=1)
        return mean, log_variance

    def decode(self, code: Tensor) -> Tensor:
        """What the last layer compares with the items, ``(B, dim)`` → ``(B, hidden[0])``."""
        for layer in self.decoder:
            code = torch.tanh(layer(code))
        return code

    def forward(self, batch: SetBatch) -> Tensor:
        mean, log_variance = self.encode(batch.items, batch.lengths)
        code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        states = self.decode(code)
        kl = 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance).sum(1).mean()
        loss = self._negative_log_likelihood(states, batch) + self._anneal() * kl
        self.updates += 1
        return loss

    def _negative_log_likelihood(self, states: Tensor, batch: SetBatch) -> Tensor:
        """``-mean_u sum_i x_ui log pi_ui`` (eq. 2); the bias is one more column."""
        wide, table = F.pad(states, (0, 1), value=1.0), torch.cat([self.write, self.write_bias[:, None]], dim=1)
        return linear_cross_entropy(wide, table, batch.items, lengths=batch.lengths, workspace=self.workspace)

    def _anneal(self) -> Tensor:
        """The weight of the KL term, which grows with the updates done (section 2.2.2)."""
        share = self.updates / max(self.config.anneal_steps, 1)
        return share.clamp_max(self.config.beta) if self.config.anneal_steps else share.new_tensor(self.config.beta)

    def item_vectors(self) -> Tensor:
        return torch.cat([self.write, self.write_bias[:, None]], dim=1).detach()

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        """Decoded means; the last column is 1, for the bias. A history without items gets what all start from."""
        was_training, found = self.training, []
        self.eval()
        with torch.inference_mode():
            for start in range(0, len(histories), ROWS):
                sets = distinct(histories.take(np.arange(start, min(start + ROWS, len(histories)))), self.num_items)
                items, lengths = (as_tensor(part).to(self.read.device) for part in (sets.flat(), sets.lengths))
                states = self.decode(self.encode(items, lengths)[0])
                found.append(F.pad(states, (0, 1), value=1.0))
        self.train(was_training)
        return torch.cat(found) if found else self.write.new_zeros(0, self.write.shape[1] + 1)


def _layers(widths: Sequence[int]) -> nn.ModuleList:
    """Linear layers between these widths, started as the paper's code does."""
    layers = nn.ModuleList()
    for a, b in pairwise(widths):
        layer = nn.Linear(a, b)
        nn.init.xavier_normal_(layer.weight)
        nn.init.normal_(layer.bias, std=0.001)
        layers.append(layer)
    return layers
