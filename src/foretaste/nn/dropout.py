"""Dropout that spends one random byte on an element.

On a CPU the random numbers cost more than anything else that dropout does, and torch draws a whole word for each
element. Eight decisions taken from one word make it several times faster; the rate is then a multiple of 1/256
(0.5 is exact, 0.2 becomes 0.199), and the scale follows the rate that is really used.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_STEPS = 256
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


class Dropout(nn.Module):
    """Zeroes elements with probability ``rate`` while training and scales up the rest.

    Args:
        rate: Probability in [0, 1).
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0.0 <= rate < 1.0:
            raise ValueError(f"a dropout rate lies in [0, 1), but {rate} came")
        self.rate = rate
        self.cut = min(round(rate * _STEPS), _STEPS - 1)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape as came in."""
        if not self.training or self.cut == 0:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.rate)
        return x * ((_bytes(x) >= self.cut) * (_STEPS / (_STEPS - self.cut)))

    def extra_repr(self) -> str:
        return f"rate={self.rate}"


def drop_each(layers: Sequence[Dropout], x: Tensor) -> Tensor:
    """Each layer's dropout of its own part, drawn at once: ``(n, …)`` → ``(n, …)``."""
    if len({(layer.training, layer.cut) for layer in layers}) == 1:
        return layers[0](x)  # type: ignore[no-any-return]
    if x.device.type != "cpu":
        return torch.stack([layer(part) for layer, part in zip(layers, x, strict=True)])
    cuts = [layer.cut if layer.training else 0 for layer in layers]
    shape = (len(cuts), *[1] * (x.dim() - 1))
    scales = torch.tensor([_STEPS / (_STEPS - cut) for cut in cuts], dtype=x.dtype).view(shape)
    return x * ((_bytes(x) >= torch.tensor(cuts, dtype=torch.uint8).view(shape)) * scales)


def _bytes(x: Tensor) -> Tensor:
    """A random byte for each element."""
    words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(_LOWEST, _HIGHEST)
    return words.view(torch.uint8)[: x.numel()].view(x.shape)
