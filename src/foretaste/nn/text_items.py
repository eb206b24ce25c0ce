"""Item vectors that come from text: a frozen table behind an adapter, alone or beside a table of ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.adapters import Adapter
from foretaste.nn.growth import NewItems
from foretaste.nn.held import Held
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
        self._held = Held()

    def forward(self, ids: Tensor) -> Tensor:
        if not self._held.holds and 2 * ids.numel() < self.num_items:
            unique, place = torch.unique(ids, return_inverse=True)
            return F.embedding(place, self._adapt(unique))
        return F.embedding(ids, self.table())

    def table(self) -> Tensor:
        return self._held.get(lambda: self._adapt(slice(None)))

    @contextmanager
    def once(self) -> Iterator[None]:
        with self._held.once():
            yield

    def linear_map(self) -> tuple[Tensor, Tensor] | None:
        """Weight ``(dim, D)`` and bias of a linear adapter of frozen vectors; None for any other, or if not needed."""
        adapter = self.adapter
        if isinstance(self.vectors, nn.Parameter) or not isinstance(adapter, Adapter) or not self._held.waits:
            return None
        return adapter.folded() if adapter.activation is None else None

    def take(self, table: Tensor) -> None:
        """Keeps a table that was adapted elsewhere, as long as :meth:`once` lasts."""
        self._held.get(lambda: table)

    def grow(self, new: NewItems) -> None:
        """A new item gets its own text vector."""
        rows = torch.cat([self.vectors.detach(), new.text.to(self.vectors)])
        self.vectors = nn.Parameter(rows) if isinstance(self.vectors, nn.Parameter) else rows
        self._forget()

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
        self._held = Held()
        self._same_text: bool | None = None
        self.register_load_state_dict_post_hook(lambda module, _: module._forget())  # type: ignore[no-untyped-call]

    def forward(self, ids: Tensor) -> Tensor:
        if self._held.holds:
            return F.embedding(ids, self.table())
        return torch.cat([view(ids) for view in self.views], dim=-1)

    def table(self) -> Tensor:
        return self._held.get(lambda: torch.cat(self.tables(), dim=-1))

    def tables(self) -> list[Tensor]:
        """The views' tables, one by one."""
        self._adapt_together(self._texts())
        return [view.table() for view in self.views]  # type: ignore[operator]

    def adapt(self) -> None:
        """Makes all texts' tables, which :meth:`once` keeps."""
        texts = self._texts()
        self._adapt_together(texts)
        for text in texts:
            text.table()

    @contextmanager
    def once(self) -> Iterator[None]:
        with ExitStack() as stack:
            for part in (self._held, *self.views):
                stack.enter_context(part.once())
            yield

    def _texts(self) -> list[TextTable]:
        return [module for module in self.modules() if isinstance(module, TextTable)]

    def _adapt_together(self, texts: list[TextTable]) -> None:
        """Views that map the same text linearly do so in one product, which reads the text once."""
        maps = [text.linear_map() for text in texts]
        if len(texts) < 2 or None in maps:
            return
        if self._same_text is None:
            self._same_text = all(torch.equal(text.vectors, texts[0].vectors) for text in texts[1:])
        if self._same_text:
            weight, bias = (torch.cat(parts) for parts in zip(*filter(None, maps), strict=True))
            whole = F.linear(texts[0].vectors, weight, bias)
            for text, part in zip(texts, torch.split(whole, [text.dim for text in texts], dim=-1), strict=True):
                text.take(part)

    def _forget(self) -> None:
        self._same_text = None
