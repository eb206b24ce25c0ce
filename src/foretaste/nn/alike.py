"""Transformers of one shape, read as one: their weights are stacked, and every product is a batch of products.

An encoder of a recommender is narrow: one alone does not keep a second core busy, several at once do. On one thread
nothing is gained. The weights stay where they are, in encoders that can be trained, frozen and saved by
themselves; they are stacked anew at every step, which costs next to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.dropout import drop_each
from foretaste.nn.transformer import Block, SelfAttention, TransformerEncoder, attend, recent_positions


def alike(encoders: Iterable[nn.Module]) -> list[TransformerEncoder]:
    """These encoders, if they are causal transformers that differ in nothing but weights and dropout; else none."""
    found = list(encoders)
    transformers = [encoder for encoder in found if isinstance(encoder, TransformerEncoder) and encoder.causal]
    shapes = {_shape(encoder) for encoder in transformers}
    if len(found) < 2 or len(transformers) < len(found) or len(shapes) > 1 or None in shapes:
        return []
    return transformers


def _shape(encoder: TransformerEncoder) -> tuple[object, ...] | None:
    """All that must be the same; None for blocks of another kind."""
    blocks = [block for block in encoder.blocks if isinstance(block, Block)]
    if len(blocks) < len(encoder.blocks):
        return None
    kinds = [(block.attention.heads, block.activate) for block in blocks]
    return (*kinds, *(tuple(weight.shape) for weight in encoder.parameters()))


def contextualise_each(encoders: Sequence[TransformerEncoder], x: Tensor, lengths: Tensor) -> Tensor:
    """What the encoders say, each of its own part: ``(B, T, n * d)`` and lengths ``(B,)`` → ``(B, T, n * d)``."""
    batch, width, joined = x.shape
    count, dim = len(encoders), joined // len(encoders)
    shares = math.gcd(batch, torch.get_num_threads())  # of each part, so that every core has the same work
    readers = [encoder for encoder in encoders for _ in range(shares)]
    places = torch.cat([encoder.positions for encoder in encoders], dim=1)
    x = x + F.embedding(recent_positions(lengths, width), places)
    x = x.view(shares, -1, count, dim).permute(2, 0, 1, 3).reshape(count * shares, -1, dim)
    x = drop_each([reader.dropout for reader in readers], x)
    for blocks in zip(*(reader.blocks for reader in readers), strict=True):
        x = _block([block for block in blocks if isinstance(block, Block)], x, width)
    x = _centred(x, [reader.norm for reader in readers]).view(count, batch, width, dim).permute(1, 2, 0, 3)
    weight, bias = (torch.stack([getattr(encoder.norm, name) for encoder in encoders]) for name in ("weight", "bias"))
    return torch.addcmul(bias, x, weight).reshape(batch, width, joined)


def _block(blocks: Sequence[Block], x: Tensor, width: int) -> Tensor:
    """One block of each, ``(n, B * T, d)`` → ``(n, B * T, d)``; see :class:`~foretaste.nn.transformer.Block`."""
    drops = [block.dropout for block in blocks]
    inner = _centred(x, [block.attention_norm for block in blocks])
    mapped = _linear(inner, [b.attention.project for b in blocks], [b.attention_norm for b in blocks])
    seen = _linear(_attention([b.attention for b in blocks], mapped, width), [b.attention.out for b in blocks])
    x = x + drop_each(drops, seen)
    inner = _centred(x, [block.inner_norm for block in blocks])
    inner = blocks[0].activate(_linear(inner, [b.expand for b in blocks], [b.inner_norm for b in blocks]))
    return x + drop_each(drops, _linear(drop_each(drops, inner), [block.reduce for block in blocks]))


def _attention(layers: Sequence[SelfAttention], mapped: Tensor, width: int) -> Tensor:
    """Queries, keys and values ``(n, B * T, 3 d)`` → what they see, ``(n, B * T, d)``."""
    count, places, dim = len(layers), mapped.shape[1], mapped.shape[2] // 3
    heads = layers[0].heads
    q, k, v = mapped.view(-1, width, 3, heads, dim // heads).permute(2, 0, 3, 1, 4)
    drops = [layer.dropout for layer in layers]

    def drop(weights: Tensor) -> Tensor:
        return drop_each(drops, weights.view(count, -1, width)).view(weights.shape)

    seen = attend(q, k, v, causal=True, drop=drop if any(layer.drops for layer in layers) else None)
    return seen.transpose(1, 2).reshape(count, places, dim)


def _centred(x: Tensor, norms: Sequence[nn.LayerNorm]) -> Tensor:
    """Layer norm without its weights."""
    return F.layer_norm(x, x.shape[-1:], eps=norms[0].eps)


def _linear(x: Tensor, layers: Sequence[nn.Linear], norms: Sequence[nn.LayerNorm] = ()) -> Tensor:
    """Each map of its own part, ``(n, N, d)`` → ``(n, N, d')``; the weights of a norm before it are folded into it."""
    weight = torch.stack([layer.weight for layer in layers])
    bias = torch.stack([layer.bias for layer in layers])
    if norms:
        shift = torch.stack([norm.bias for norm in norms])
        bias = bias + (weight @ shift[:, :, None])[:, :, 0]
        weight = weight * torch.stack([norm.weight for norm in norms])[:, None]
    return torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))
