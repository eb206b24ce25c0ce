"""A table of item vectors that is made once in a step, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class Held:
    """A table that is made once while :meth:`once` lasts."""

    def __init__(self) -> None:
        self._depth = 0
        self._table: Tensor | None = None

    @property
    def holds(self) -> bool:
        """Whether it is at hand; one made without gradients is of no use to a step that wants them."""
        return self._table is not None and (self._table.requires_grad or not torch.is_grad_enabled())

    @property
    def waits(self) -> bool:
        """Whether what is made next would be kept."""
        return self._depth > 0 and not self.holds

    def get(self, make: Callable[[], Tensor]) -> Tensor:
        """The table, made now unless it is at hand."""
        if self._table is not None and self.holds:
            return self._table
        table = make()
        if self._depth:
            self._table = table
        return table

    @contextmanager
    def once(self) -> Iterator[None]:
        """While this lasts the table is kept; calls may be nested."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._table = None
