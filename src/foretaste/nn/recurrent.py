"""A gated recurrent encoder over right-padded sequences of vectors (Hidasi et al. 2016, GRU4Rec)."""

from __future__ import annotations

from torch import Tensor, nn

from foretaste.nn.dropout import Dropout


class GRUEncoder(nn.Module):
    """Dropout, GRU layers, and a linear map back to the width of the items.

    Padding lies to the right, behind everything that is read, so the recurrence never passes through it on its way
    to a real place.

    Args:
        dim: Width of the vectors in and out.
        hidden: Width of the recurrent state.
        layers: Number of GRU layers.
        dropout: Rate on the input and before the output map.
        bare: Whether biases and output map are left out, as in LLM-ESR's released code; needs ``hidden == dim``.
    """

    def __init__(self, dim: int, *, hidden: int, layers: int, dropout: float, bare: bool = False) -> None:
        super().__init__()
        if bare and hidden != dim:
            raise ValueError(f"without an output map the state is as wide as an item: {hidden} is not {dim}")
        self.dropout = Dropout(dropout)
        self.gru = nn.GRU(dim, hidden, num_layers=layers, batch_first=True, bias=not bare)
        self.out = nn.Identity() if bare else nn.Linear(hidden, dim)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States of all places: ``(B, T, d)`` → ``(B, T, d)``; padding's states mean nothing."""
        states, _ = self.gru(self.dropout(x))
        mapped: Tensor = self.out(self.dropout(states))
        return mapped
