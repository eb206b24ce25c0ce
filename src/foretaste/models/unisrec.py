"""UniSRec's way from text to item vectors (Hou et al., KDD 2022, arXiv 2206.05941).

A text encoder's vectors crowd into a narrow cone. Parametric whitening ``(x - b) W`` learns a shift and a turn that
spread them (eq. 3), and several such maps with a noisy gate over them make a mixture of experts (eq. 4 and 5). The
other way is to whiten once, by the covariance of the catalogue's texts, and to learn one linear map.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.adapters import Adapter
from foretaste.nn.dropout import Dropout
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.reduce import whitening


class Standard(nn.Module):
    """A fixed affine map, fitted to the catalogue's texts; its numbers are saved, for items that come later.

    Args:
        width: Width of a text vector.
        dim: Width after the map.
        kind: ``"none"`` takes off the mean and sets one common scale, ``"pca"`` and ``"zca"`` whiten.
        keep: Components that zca keeps before it turns back; 0 keeps all.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(self, width: int, dim: int, kind: str, *, keep: int = 0) -> None:
        super().__init__()
        self.kind, self.keep = kind, keep or width
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("matrix", torch.ones(()) if kind == "none" else torch.eye(width, dim))

    def fit(self, vectors: Tensor) -> Standard:
        """Takes the numbers from text vectors ``(n, D)``: what they are mapped to has unit variance, all in all."""
        rows = vectors.double()
        if self.kind == "none":
            mean, matrix = rows.mean(0), torch.ones((), dtype=torch.float64)
            spread = rows - mean
        else:
            back = self.kind == "zca"
            mean, matrix = whitening(rows, self.keep if back else self.matrix.shape[1], rotate_back=back)
            spread = (rows - mean) @ matrix
        self.mean.copy_(mean)
        self.matrix.copy_(matrix / spread.square().mean().sqrt().clamp_min(1e-12))
        return self

    def forward(self, x: Tensor) -> Tensor:
        """``(…, D)`` → ``(…, dim)``."""
        centred = x - self.mean
        return centred * self.matrix if self.kind == "none" else centred @ self.matrix


class StandardAdapter(nn.Module):
    """A trainable map behind a fixed one; where both are linear they are applied as one product.

    Args:
        standard: The fixed map.
        adapter: The trainable one.
    """

    def __init__(self, standard: Standard, adapter: nn.Module) -> None:
        super().__init__()
        self.standard, self.adapter = standard, adapter

    def forward(self, x: Tensor) -> Tensor:
        """``(…, D)`` → ``(…, dim)``."""
        if not isinstance(self.adapter, Adapter) or self.adapter.activation is not None:
            mapped: Tensor = self.adapter(self.standard(x))
            return mapped
        weight, bias = self.adapter.folded()
        matrix = self.standard.matrix
        joined = weight * matrix if self.standard.kind == "none" else weight @ matrix.T
        return F.linear(x, joined, bias - joined @ self.standard.mean)


def linear_adapter(width: int, dim: int, *, std: float) -> Adapter:
    """One linear layer; for inputs of unit variance its outputs start at standard deviation ``std``."""
    adapter = Adapter((width, dim))
    nn.init.normal_(adapter.layers[0].weight, std=std * width**-0.5)
    nn.init.zeros_(adapter.layers[0].bias)
    return adapter


class WhiteningExperts(nn.Module):
    """Parametric whitening by ``experts`` maps, mixed by a noisy gate: ``sum_k g_k (dropout(x) - b_k) W_k``.

    The gate is ``softmax(x W_g + noise * softplus(x W_n))``, without noise when scoring. The experts share a dropout
    mask, so that they are one product; in the released code each draws its own.

    Args:
        width: Width of a text vector.
        dim: Width of an item vector.
        experts: Number of maps.
        dropout: Rate on the text vectors.
        std: Standard deviation of an item vector's entries to start with, for text vectors of unit variance.
    """

    def __init__(self, width: int, dim: int, *, experts: int, dropout: float, std: float) -> None:
        super().__init__()
        self.experts, self.dim = experts, dim
        self.dropout = Dropout(dropout)
        # At first the gate is even, and a mean of K independent maps is sqrt(K) times smaller than one of them.
        self.weight = nn.Parameter(torch.randn(width, experts, dim) * std * (experts / width) ** 0.5)
        self.shift = nn.Parameter(torch.zeros(experts, width))
        self.gate = nn.Parameter(torch.zeros(width, experts))
        self.noise = nn.Parameter(torch.zeros(width, experts))

    def forward(self, x: Tensor) -> Tensor:
        """``(…, D)`` → ``(…, dim)``."""
        shifts = torch.einsum("ew,wed->ed", self.shift, self.weight)
        spread = (self.dropout(x) @ self.weight.flatten(1)).unflatten(-1, (self.experts, self.dim)) - shifts
        mixed: Tensor = (self.gates(x)[..., None, :] @ spread)[..., 0, :]
        return mixed

    def gates(self, x: Tensor) -> Tensor:
        """Share of each expert, ``(…, D)`` → ``(…, experts)``."""
        logits = x @ self.gate
        if self.training:
            logits = logits + torch.randn_like(logits) * (F.softplus(x @ self.noise) + 1e-2)
        return logits.softmax(-1)


class Sum(ItemRepresentation):
    """Two representations of the same width, added: UniSRec's items with text and id.

    Args:
        first: One.
        second: The other.
    """

    def __init__(self, first: ItemRepresentation, second: ItemRepresentation) -> None:
        super().__init__()
        self.first, self.second = first, second
        self.num_items, self.dim = first.num_items, first.dim

    def forward(self, ids: Tensor) -> Tensor:
        both: Tensor = self.first(ids) + self.second(ids)
        return both

    def table(self) -> Tensor:
        return self.first.table() + self.second.table()

    @contextmanager
    def once(self) -> Iterator[None]:
        with self.first.once(), self.second.once():
            yield
