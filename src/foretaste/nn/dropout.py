"""Dropout that spends one random byte on an element.

On a CPU the random numbers cost more than anything else that dropout does, and torch draws a whole word for each
element. Eight decisions taken from one word make it several times faster; the rate is then a multiple of 1/256
(0.5 is exact, 0.2 becomes 0.199), and the scale follows the rate that is really used.
"""

from __future__ import annotations

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
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(_LOWEST, _HIGHEST)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= self.cut
        return x * (kept * (_STEPS / (_STEPS - self.cut)))

    def extra_repr(self) -> str:
        return f"rate={self.rate}"
