"""The transformer encoder as it was first published: norms behind the layers, not before them (Vaswani et al. 2017)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.dropout import Dropout
from foretaste.nn.transformer import SelfAttention


class PostNormBlock(nn.Module):
    """Attention and feed-forward layer, each with a residual connection and a norm behind it.

    Args:
        dim: Width of the vectors.
        heads: Attention heads; divides ``dim``.
        inner: Width of the feed-forward layer.
        dropout: Rate in attention, on the inner layer and on both residual branches.
    """

    def __init__(self, dim: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.attention = SelfAttention(dim, heads, dropout)
        self.attention_norm, self.inner_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.expand, self.reduce = nn.Linear(dim, inner), nn.Linear(inner, dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, allowed: Tensor | None) -> Tensor:
        """``(B, T, d)`` → ``(B, T, d)``."""
        x = self.attention_norm(x + self.dropout(self.attention(x, allowed, causal=False)))
        inner = self.dropout(F.relu(self.expand(x)))
        out: Tensor = self.inner_norm(x + self.dropout(self.reduce(inner)))
        return out


class PostNormEncoder(nn.Module):
    """Bidirectional blocks one behind the other, without positions.

    Args:
        dim: Width of the vectors.
        layers: Number of blocks.
        heads: Attention heads; divides ``dim``.
        inner: Width of the feed-forward layers.
        dropout: Dropout rate.
    """

    def __init__(self, dim: int, layers: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(PostNormBlock(dim, heads, inner, dropout) for _ in range(layers))

    def forward(self, x: Tensor, allowed: Tensor | None = None) -> Tensor:
        """``(B, T, d)`` → ``(B, T, d)``.

        Args:
            x: Vectors.
            allowed: Places that may be looked at, ``(B, 1, 1, T)`` bool; None for all.
        """
        for block in self.blocks:
            x = block(x, allowed)
        return x
