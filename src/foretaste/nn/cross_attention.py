"""Two views of a history that look at each other before one encoder reads both: the middle of LLM-ESR.

Liu et al., "LLM-ESR", NeurIPS 2024, arXiv 2405.20646, section 3.2. An item's vector is a collaborative part and a
semantic part side by side. Each view is rewritten by attention whose queries come from the other view and whose keys
and values stay its own, so the semantic view decides which collaborative vectors matter, and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.newest import newest_state
from foretaste.nn.transformer import TransformerEncoder


class CrossAttention(nn.Module):
    """Multi-head attention of one view over the other, ``(B, T, d)`` × ``(B, T, d)`` → ``(B, T, d)``.

    As in the released code: projections without bias, an output map with one, no dropout and no norm. The result
    replaces the view unless ``residual`` adds it.

    Args:
        dim: Width of a view.
        heads: Attention heads; divides ``dim``.
        residual: Whether the view itself is added to what attention makes of it.
    """

    def __init__(self, dim: int, heads: int, *, residual: bool = False) -> None:
        super().__init__()
        self.heads, self.residual = heads, residual
        self.query = nn.Linear(dim, dim, bias=False)
        self.key = nn.Linear(dim, dim, bias=False)
        self.value = nn.Linear(dim, dim, bias=False)
        self.out = nn.Linear(dim, dim)

    def forward(self, asking: Tensor, view: Tensor, allowed: Tensor | None, causal: bool) -> Tensor:
        """The view as the other one sees it.

        Args:
            asking: The other view: where queries come from.
            view: Keys and values.
            allowed: Keys that may be looked at, broadcast to ``(B, 1, T, T)``; None for all.
            causal: Whether a place sees only itself and older ones.
        """
        batch, width, dim = view.shape
        shape = (batch, width, self.heads, dim // self.heads)
        q, k, v = (
            project(x).view(shape).transpose(1, 2)
            for project, x in ((self.query, asking), (self.key, view), (self.value, view))
        )
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, is_causal=causal)
        seen: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, width, dim))
        return view + seen if self.residual else seen


class DualViewEncoder(nn.Module):
    """A sequence encoder over two views: ``(B, T, 2d)`` and lengths → ``(B, T, 2d)``.

    Positions are added before the views meet, as in the released code: attention that cannot tell the newest item from
    the oldest loses their order. One encoder reads both views, stacked in the batch, unless a second one is given.

    Args:
        encoder: Reads vectors of width ``dim``.
        dim: Width of a view.
        semantic_encoder: Reads the semantic view in its place; None shares the first one (the paper).
        heads: Heads of the cross-attentions; 0 leaves the views alone.
        causal: Whether the future is hidden in the cross-attentions.
        residual: Whether a view is added to what cross-attention makes of it.
    """

    def __init__(
        self,
        encoder: nn.Module,
        dim: int,
        *,
        semantic_encoder: nn.Module | None = None,
        heads: int = 2,
        causal: bool = True,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.dim, self.causal = dim, causal
        self.encoder, self.semantic_encoder = encoder, semantic_encoder
        self.collaborative = CrossAttention(dim, heads, residual=residual) if heads else None
        self.semantic = CrossAttention(dim, heads, residual=residual) if heads else None

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States of all places; padding's states mean nothing."""
        return self._read_with(_read, x, lengths)

    def newest(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States of the newest places: ``(B, T, 2d)`` and lengths ``(B,)`` → ``(B, 2d)``."""
        return self._read_with(_read_newest, x, lengths)

    def _read_with(self, read: Callable[[nn.Module, Tensor, Tensor], Tensor], x: Tensor, lengths: Tensor) -> Tensor:
        co, se = x[..., : self.dim], x[..., self.dim :]
        if self.semantic_encoder is not None:
            co, se = self._meet(_enter(self.encoder, co, lengths), _enter(self.semantic_encoder, se, lengths), lengths)
            return torch.cat([read(self.encoder, co, lengths), read(self.semantic_encoder, se, lengths)], dim=-1)
        both = lengths.repeat(2)
        co, se = _enter(self.encoder, torch.cat([co, se]), both).chunk(2)
        co, se = self._meet(co, se, lengths)
        return torch.cat(read(self.encoder, torch.cat([co, se]), both).chunk(2), dim=-1)

    def _meet(self, co: Tensor, se: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-attention in both directions."""
        if self.collaborative is None or self.semantic is None:
            return co, se
        allowed = None if self.causal else _real_keys(lengths, co.shape[1])
        return self.collaborative(se, co, allowed, self.causal), self.semantic(co, se, allowed, self.causal)


def _enter(encoder: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
    """Positions and dropout, for an encoder that has them."""
    return encoder.enter(x, lengths) if isinstance(encoder, TransformerEncoder) else x


def _read(encoder: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
    """What an encoder does after that."""
    states: Tensor = (
        encoder.contextualise(x, lengths) if isinstance(encoder, TransformerEncoder) else encoder(x, lengths)
    )
    return states


def _read_newest(encoder: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
    """The same for the newest places alone."""
    if isinstance(encoder, TransformerEncoder):
        return encoder.contextualise_newest(x, lengths)
    return newest_state(encoder, x, lengths)


def _real_keys(lengths: Tensor, width: int) -> Tensor:
    """True where a key is no padding, ``(B, 1, 1, T)``."""
    return (torch.arange(width, device=lengths.device) < lengths[:, None])[:, None, None]
