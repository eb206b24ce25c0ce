"""A transformer encoder over right-padded sequences of vectors.

Positions count from the recent end: the newest item is always position 0, whatever the length of the history.
Under a causal mask no real place can look at padding (it lies to the right), so only a bidirectional encoder needs to
be told the lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.dropout import Dropout
from foretaste.nn.newest import at_newest
from foretaste.nn.query_norm import QueryNormBlock


def recent_positions(lengths: Tensor, width: int) -> Tensor:
    """Distance of each place from the newest item, 0 on padding; ``(B,)`` → ``(B, width)``."""
    places = torch.arange(width, device=lengths.device)
    return (lengths[:, None] - 1 - places).clamp_min(0)


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    allowed: Tensor | None = None,
    *,
    causal: bool,
    drop: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Scaled dot-product attention, ``(B, heads, T, d)`` each.

    Args:
        q: Queries.
        k: Keys.
        v: Values.
        allowed: Keys that may be looked at, ``(B, 1, 1, T)``; None for all.
        causal: Whether a place sees only itself and older ones; then ``allowed`` is not looked at.
        drop: Dropout of the weights. It is spelt out then: torch's fused kernels have none on a CPU.
    """
    if drop is None:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, is_causal=causal)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if causal:
        width = q.shape[-2]
        allowed = torch.ones(width, width, dtype=torch.bool, device=q.device).tril()
    if allowed is not None:
        scores = scores.masked_fill(~allowed, float("-inf"))
    weights = drop(scores.softmax(-1))
    return weights @ v


class SelfAttention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017), ``(B, T, d)`` → ``(B, T, d)``."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = Dropout(dropout)
        self.project = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, allowed: Tensor | None, causal: bool) -> Tensor:
        batch, width, dim = x.shape
        q, k, v = self.project(x).view(batch, width, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        mixed = attend(q, k, v, allowed, causal=causal, drop=self.dropout if self.drops else None)
        joined: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, width, dim))
        return joined

    @property
    def drops(self) -> bool:
        """Whether weights are dropped out at present."""
        return self.training and self.dropout.rate > 0

    def newest(self, x: Tensor, lengths: Tensor) -> Tensor:
        """What each row's newest place sees of all its places, ``(B, T, d)`` → ``(B, d)``."""
        batch, width, dim = x.shape
        weight, bias = self.project.weight, self.project.bias
        q = F.linear(at_newest(x, lengths), weight[:dim], bias[:dim]).view(batch, self.heads, 1, dim // self.heads)
        k, v = F.linear(x, weight[dim:], bias[dim:]).view(batch, width, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        hidden = torch.arange(width, device=x.device) >= lengths[:, None]
        weights = self.dropout(scores.masked_fill(hidden[:, None, None], float("-inf")).softmax(-1))
        seen: Tensor = self.out((weights @ v).reshape(batch, dim))
        return seen


class Block(nn.Module):
    """Pre-norm attention and feed-forward with residual connections."""

    def __init__(self, dim: int, heads: int, inner: int, dropout: float, activation: str) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = SelfAttention(dim, heads, dropout)
        self.inner_norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, inner)
        self.reduce = nn.Linear(inner, dim)
        self.dropout = Dropout(dropout)
        self.activate = F.relu if activation == "relu" else F.gelu

    def forward(self, x: Tensor, allowed: Tensor | None, causal: bool, padding: Tensor | None = None) -> Tensor:
        """One block: ``(B, T, d)`` → ``(B, T, d)``; padding is never looked at."""
        return self._feed_forward(x + self.dropout(self.attention(self.attention_norm(x), allowed, causal)))

    def newest(self, x: Tensor, lengths: Tensor) -> Tensor:
        """The block's output at each row's newest place, ``(B, T, d)`` → ``(B, d)``."""
        seen = self.attention.newest(self.attention_norm(x), lengths)
        return self._feed_forward(at_newest(x, lengths) + self.dropout(seen))

    def _feed_forward(self, x: Tensor) -> Tensor:
        inner = self.dropout(self.activate(self.expand(self.inner_norm(x))))
        mixed: Tensor = x + self.dropout(self.reduce(inner))
        return mixed


class TransformerEncoder(nn.Module):
    """Position vectors, blocks, final norm.

    Args:
        dim: Width of the vectors.
        layers: Number of blocks.
        heads: Attention heads; divides ``dim``.
        inner: Width of the feed-forward layer.
        max_len: Longest history that is looked at; longer ones are the caller's to cut.
        dropout: Rate on the input, in attention and on both residual branches.
        causal: Whether a place sees only itself and older ones.
        activation: ``"relu"`` or ``"gelu"``.
        query_norm: Whether blocks are laid out as in SASRec's released code.
        pad_to: Width that the released code of LLM-ESR pads to without hiding the padding; 0 hides it (correct).
            Only with ``query_norm``.
    """

    def __init__(
        self,
        dim: int,
        *,
        layers: int,
        heads: int,
        inner: int,
        max_len: int,
        dropout: float,
        causal: bool,
        activation: str = "gelu",
        query_norm: bool = False,
        pad_to: int = 0,
    ) -> None:
        super().__init__()
        if pad_to and not query_norm:
            raise ValueError("pad_to goes with query_norm: other blocks never look at padding")
        self.causal, self.max_len, self.pad_to = causal, max_len, pad_to
        self.positions = nn.Parameter(torch.randn(max_len, dim) * 0.02)
        self.dropout = Dropout(dropout)
        block = QueryNormBlock if query_norm else Block
        self.blocks = nn.ModuleList(block(dim, heads, inner, dropout, activation) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States of all places: ``(B, T, d)`` and lengths ``(B,)`` → ``(B, T, d)``; padding's states mean nothing."""
        return self.contextualise(self.enter(x, lengths), lengths)

    def enter(self, x: Tensor, lengths: Tensor) -> Tensor:
        """The first half: position vectors and dropout, ``(B, T, d)`` → ``(B, T, d)``."""
        placed: Tensor = self.dropout(x + F.embedding(recent_positions(lengths, x.shape[1]), self.positions))
        return placed

    def contextualise(self, x: Tensor, lengths: Tensor) -> Tensor:
        """The second half: blocks and norm, ``(B, T, d)`` → ``(B, T, d)``."""
        states: Tensor = self.norm(self._through(self.blocks, x, lengths))
        return states

    def newest(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States of the newest places: ``(B, T, d)`` and lengths ``(B,)`` → ``(B, d)``."""
        return self.contextualise_newest(self.enter(x, lengths), lengths)

    def contextualise_newest(self, x: Tensor, lengths: Tensor) -> Tensor:
        """The second half for the newest places alone, ``(B, T, d)`` → ``(B, d)``."""
        last = self.blocks[-1] if len(self.blocks) else None
        if not isinstance(last, Block):
            return at_newest(self.contextualise(x, lengths), lengths)
        states: Tensor = self.norm(last.newest(self._through(self.blocks[:-1], x, lengths), lengths))
        return states

    def _through(self, blocks: Iterable[nn.Module], x: Tensor, lengths: Tensor) -> Tensor:
        allowed = None if self.causal else self._allowed(lengths, x.shape[1])
        padding = (self.pad_to - lengths).clamp_min(0).to(x.dtype) if self.pad_to else None
        for block in blocks:
            x = block(x, allowed, self.causal, padding)
        return x

    @staticmethod
    def _allowed(lengths: Tensor, width: int) -> Tensor | None:
        """Keys that may be looked at, ``(B, 1, 1, T)``; None when there is no padding at all."""
        if bool((lengths == width).all()):
            return None
        return (torch.arange(width, device=lengths.device) < lengths[:, None])[:, None, None, :]
