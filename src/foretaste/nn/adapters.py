"""Maps from the width of a text encoder to the width of a recommender."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

ACTIVATIONS = {"none": None, "relu": nn.ReLU, "gelu": nn.GELU, "tanh": nn.Tanh}


class Adapter(nn.Module):
    """Linear layers with or without an activation between them: LLM-ESR's and LLMEmb's adapter has two and none.

    Several linear layers without an activation compute no more than one, but learn differently (the reproduction of
    LLM-ESR finds one layer worse on rare items). They are folded into one product whenever they are applied.

    Args:
        widths: Input width, inner widths, output width.
        activation: Between the layers: ``"none"``, ``"relu"``, ``"gelu"`` or ``"tanh"``.
    """

    def __init__(self, widths: Sequence[int], *, activation: str = "none") -> None:
        super().__init__()
        self.linear = nn.ModuleList([nn.Linear(a, b) for a, b in pairwise(widths)])
        kind = ACTIVATIONS[activation]
        self.activation = kind() if kind is not None else None

    @property
    def layers(self) -> list[nn.Linear]:
        """The linear layers, in order."""
        return [layer for layer in self.linear if isinstance(layer, nn.Linear)]

    def forward(self, x: Tensor) -> Tensor:
        """``(…, D)`` → ``(…, d)``."""
        if self.activation is None:
            weight, bias = self.folded()
            return nn.functional.linear(x, weight, bias)
        for number, layer in enumerate(self.layers):
            x = layer(self.activation(x) if number else x)
        return x

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight ``(d, D)`` and bias ``(d,)`` of the single layer that computes the same.

        Raises:
            ValueError: If there is an activation between the layers.
        """
        if self.activation is not None:
            raise ValueError("layers with an activation between them cannot be folded into one")
        weight: Tensor = self.layers[0].weight
        bias: Tensor = self.layers[0].bias
        for layer in self.layers[1:]:
            weight, bias = layer.weight @ weight, layer.weight @ bias + layer.bias
        return weight, bias
