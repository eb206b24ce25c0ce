"""Convolutions over the newest items of every place (Tang & Wang, WSDM 2018, arXiv 1809.07426: Caser).

Caser lays the last ``L`` item vectors of a user under each other, as a picture with ``L`` rows, and reads the picture
with horizontal filters (a few rows high, all columns wide, then the maximum over where they may lie) and with vertical
ones (weighted sums of the rows). Here every place of a history has such a picture of its own, of itself and the
``L - 1`` items before it, so all places are trained on at once and none sees what comes after it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.dropout import Dropout


class ConvolutionEncoder(nn.Module):
    """Horizontal and vertical filters over the newest ``window`` items, a layer over both, and a map to the states.

    Rows before a history's first item are zero, and a filter that lies on such rows alone counts for nothing. The
    paper's user vector beside the last layer is left out: a state is made of the history alone.

    Args:
        dim: Width ``d`` of the vectors in and out.
        window: Rows ``L`` of a picture.
        horizontal: Filters of each height from 1 to ``L`` (eq. 4 and 5).
        vertical: Vertical filters (eq. 7).
        hidden: Width of the layer over all of them (eq. 9).
        dropout: Rate on the picture's rows, on what the filters find, and before the last map.
    """

    def __init__(self, dim: int, *, window: int, horizontal: int, vertical: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.window = window
        self.dropout = Dropout(dropout)
        self.across = nn.ModuleList(nn.Conv1d(dim, horizontal, height) for height in range(1, window + 1))
        self.down = nn.Linear(window, vertical, bias=False)
        self.join = nn.Linear(window * horizontal + vertical * dim, hidden)
        self.out = nn.Linear(hidden, dim)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States of all places: ``(B, T, d)`` → ``(B, T, d)``; padding lies behind them and is never looked at."""
        x = self.dropout(x)
        before = F.pad(x.transpose(1, 2), (self.window - 1, 0))
        found = torch.cat([*(self._across(before, height) for height in range(self.window)), self._down(before)], -1)
        hidden = F.relu(self.join(self.dropout(found)))
        states: Tensor = self.out(self.dropout(hidden))
        return states

    def _across(self, before: Tensor, height: int) -> Tensor:
        """What filters of ``height + 1`` rows find in the picture of each place, ``(B, T, horizontal)``.

        A filter's lowest row lies on any of the picture's ``window - height`` newest rows. Its answers are never
        negative, so zeros stand for places before the history.
        """
        room = self.window - 1 - height
        answers = F.relu(self.across[height](before[:, :, room:]))
        best = F.max_pool1d(F.pad(answers, (room, 0)), room + 1, stride=1)
        return best.transpose(1, 2)

    def _down(self, before: Tensor) -> Tensor:
        """Weighted sums of the rows of each place, ``(B, T, vertical * d)``."""
        pictures = before.unfold(2, self.window, 1).transpose(1, 2)
        sums: Tensor = self.down(pictures)
        return sums.flatten(2)
