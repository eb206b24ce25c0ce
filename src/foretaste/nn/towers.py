"""Several views of a history, each read by an encoder of its own; encoders of one shape read theirs together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from foretaste.nn.alike import alike, contextualise_each
from foretaste.nn.newest import newest_state


class Towers(nn.Module):
    """Encoders side by side: ``(B, T, n * d)`` → ``(B, T, n * d)``, each on its own part.

    Args:
        encoders: One for each view, all of one width ``d``.
    """

    def __init__(self, encoders: Sequence[nn.Module]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self._alike = alike(encoders)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States of all towers, side by side; in training those of one shape together, which a graph cannot follow."""
        if self._alike and self.training:
            return contextualise_each(self._alike, x, lengths)
        return self._side_by_side(lambda encode, part: encode(part, lengths), x)

    def newest(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States of the newest places: ``(B, T, n * d)`` and lengths ``(B,)`` → ``(B, n * d)``."""
        return self._side_by_side(lambda encode, part: newest_state(encode, part, lengths), x)

    def _side_by_side(self, read: Callable[[nn.Module, Tensor], Tensor], x: Tensor) -> Tensor:
        parts = x.chunk(len(self.encoders), dim=-1)
        states = [read(encode, part.contiguous()) for encode, part in zip(self.encoders, parts, strict=True)]
        return torch.cat(states, dim=-1)
