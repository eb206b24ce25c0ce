"""Item vectors that come from text: a frozen table behind an adapter, alone or beside a table of ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.growth import NewItems
from foretaste.nn.items import ItemRepresentation


class TextTable(ItemRepresentation):
    """Text vectors, frozen unless told otherwise, behind a trainable adapter.

    An item is adapted once a step, however often it stands in the batch; where a batch names a good part of the
    catalogue, or the loss asks for all of it, the whole table is adapted in one product. What stands fixed before an
    adapter (its ``standard``) is applied once and kept while training; when scoring it is folded into the product.

    Args:
        vectors: One row for each item, ``(num_items, D)``.
        adapter: ``(…, D)`` → ``(…, dim)``; None where the vectors are used as they are.
        dim: Width after the adapter.
        frozen: Whether the text vectors stay as they are.
    """

    vectors: Tensor
    _read: Tensor | None

    def __init__(self, vectors: Tensor, adapter: nn.Module | None, dim: int, *, frozen: bool = True) -> None:
        super().__init__()
        self.num_items, self.dim = len(vectors), dim
        self.adapter = adapter
        if frozen:
            self.register_buffer("vectors", vectors.float().clone())
        else:
            self.vectors = nn.Parameter(vectors.float().clone())
        self.register_buffer("_read", None, persistent=False)
        self.register_load_state_dict_post_hook(lambda module, _: module._forget())  # type: ignore[no-untyped-call]
        self._depth = 0
        self._held: Tensor | None = None

    def forward(self, ids: Tensor) -> Tensor:
        if not self._holds() and 2 * ids.numel() < self.num_items:
            unique, place = torch.unique(ids, return_inverse=True)
            return F.embedding(place, self._adapt(unique))
        return F.embedding(ids, self.table())

    def table(self) -> Tensor:
        if self._held is not None and self._holds():
            return self._held
        table = self._adapt(slice(None))
        if self._depth:
            self._held = table
        return table

    @contextmanager
    def once(self) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._held = None

    def grow(self, new: NewItems) -> None:
        """A new item gets its own text vector."""
        rows = torch.cat([self.vectors.detach(), new.text.to(self.vectors)])
        self.vectors = nn.Parameter(rows) if isinstance(self.vectors, nn.Parameter) else rows
        self._forget()

    def _holds(self) -> bool:
        """Whether the whole table is at hand; one made without gradients is of no use to a step that wants them."""
        return self._held is not None and (self._held.requires_grad or not torch.is_grad_enabled())

    def _adapt(self, rows: Tensor | slice) -> Tensor:
        if self.adapter is None:
            return self.vectors[rows]
        if self.training and not isinstance(self.vectors, nn.Parameter) and hasattr(self.adapter, "standard"):
            adapted: Tensor = self.adapter.adapter(self._inputs()[rows])  # type: ignore[operator]
            return adapted
        whole: Tensor = self.adapter(self.vectors[rows])
        return whole

    def _inputs(self) -> Tensor:
        """What the trained part of the adapter reads, ``(num_items, D')``."""
        if self._read is None:
            with torch.inference_mode(False), torch.no_grad():
                self._read = self.adapter.standard(self.vectors)  # type: ignore[union-attr, operator]
        return self._read

    def _forget(self) -> None:
        self._read = None


class Views(ItemRepresentation):
    """Several representations side by side: their vectors are joined, so scores are sums over the views.

    Args:
        views: Representations of the same catalogue.
    """

    def __init__(self, views: Sequence[ItemRepresentation]) -> None:
        super().__init__()
        self.views = nn.ModuleList(views)
        self.num_items, self.dim = views[0].num_items, sum(view.dim for view in views)

    def forward(self, ids: Tensor) -> Tensor:
        return torch.cat([view(ids) for view in self.views], dim=-1)

    def table(self) -> Tensor:
        return torch.cat([view.table() for view in self.views], dim=-1)  # type: ignore[operator]

    @contextmanager
    def once(self) -> Iterator[None]:
        with ExitStack() as stack:
            for view in self.views:
                stack.enter_context(view.once())  # type: ignore[operator]
            yield
