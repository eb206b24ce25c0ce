"""The block of SASRec's released code: the norm on the queries only, and residuals from what was normed.

Both the first release (kang205/SASRec) and its torch port (pmixer/SASRec.pytorch) compute ``q = LN(x)``,
``x = q + attention(q, x, x)``, ``y = LN(x)``, ``x = y + FFN(y)``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.dropout import Dropout


class QueryNormBlock(nn.Module):
    """Attention and feed-forward as released; see :class:`foretaste.nn.transformer.Block` for the usual ones."""

    def __init__(self, dim: int, heads: int, inner: int, dropout: float, activation: str) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.inner_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query, self.key_value, self.out = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        self.expand, self.reduce = nn.Linear(dim, inner), nn.Linear(inner, dim)
        self.dropout = Dropout(dropout)
        self.activate = F.relu if activation == "relu" else F.gelu

    def forward(self, x: Tensor, allowed: Tensor | None, causal: bool, padding: Tensor | None = None) -> Tensor:
        """One block: ``(B, T, d)`` → ``(B, T, d)``.

        Args:
            x: Vectors.
            allowed: Keys that may be looked at, broadcast to ``(B, 1, T, T)``; None for all.
            causal: Whether the future is hidden.
            padding: Zero vectors that each row is padded with and that are looked at too, ``(B,)``; None for none.
        """
        normed = self.attention_norm(x)
        x = normed + self._attention(normed, x, allowed, causal, padding)
        normed = self.inner_norm(x)
        inner = self.activate(self.dropout(self.expand(normed)))
        mixed: Tensor = normed + self.dropout(self.reduce(inner))
        return mixed

    def _attention(
        self, queries: Tensor, x: Tensor, allowed: Tensor | None, causal: bool, padding: Tensor | None
    ) -> Tensor:
        batch, width, dim = x.shape
        shape = (batch, width, self.heads, dim // self.heads)
        q = self.query(queries).view(shape).transpose(1, 2) * shape[-1] ** -0.5
        k, v = (part.reshape(shape).transpose(1, 2) for part in self.key_value(x).chunk(2, dim=-1))
        scores = q @ k.transpose(-1, -2)
        if causal:
            scores = scores.masked_fill(~torch.ones(width, width, dtype=torch.bool, device=x.device).tril(), -torch.inf)
        if allowed is not None:
            scores = scores.masked_fill(~allowed, -torch.inf)
        if padding is not None:
            scores = torch.cat([scores, self._padding_scores(q, padding)], dim=-1)
        weights = self.dropout(scores.softmax(-1))
        mixed = weights[..., :width] @ v
        if padding is not None:
            mixed = mixed + weights[..., width:] * self._bias(1)
        joined: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, width, dim))
        return joined

    def _padding_scores(self, q: Tensor, padding: Tensor) -> Tensor:
        """All padding of a row as one key: a zero vector's key is the bias, and ``n`` equal keys weigh ``log n``."""
        return q @ self._bias(0).transpose(-1, -2) + padding.log()[:, None, None, None]

    def _bias(self, part: int) -> Tensor:
        """The key (0) or value (1) of a zero vector, ``(heads, 1, d / heads)``."""
        return self.key_value.bias.chunk(2)[part].view(self.heads, 1, -1)
