"""A language model as an ONNX graph: token ids and mask in, states out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from foretaste.core.errors import ConfigError
from foretaste.text.encoders.loading import LanguageModel

OPSET = 17
MASKED = -1e4  # far below any score, and finite, so that a row of padding alone gives no NaN


class _Traced(nn.Module):
    """The network with its mask spelled out as scores, so that nothing of the traced batch is baked into the graph."""

    def __init__(self, model: nn.Module, *, causal: bool) -> None:
        super().__init__()
        self.model = model
        self.causal = causal

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        keep = attention_mask[:, None, None, :]
        more: dict[str, Any] = {}
        if self.causal:
            place = torch.arange(input_ids.shape[1])
            keep = keep * (place[None, :] <= place[:, None])[None, None].long()
            more = {"position_ids": place[None], "use_cache": False}
        scores = (1.0 - keep.float()) * MASKED
        states: Tensor = self.model(input_ids=input_ids, attention_mask=scores, **more).last_hidden_state
        return states


def export(language_model: LanguageModel, path: Path) -> None:
    """Writes the network in 32 bits; batch size and length stay free.

    Args:
        language_model: On the CPU, in 32 bits.
        path: Of the ``.onnx`` file; weights beyond 2 GB lie in files beside it.

    Raises:
        ConfigError: If the network cannot be traced.
    """
    ids = torch.tensor([[5, 6, 7, 8, 9, 10, 11, 12, 13], [5, 6, 7, 8, 9, 0, 0, 0, 0]])
    mask = torch.tensor([[1] * 9, [1] * 5 + [0] * 4])
    free = {0: "batch", 1: "length"}
    traced = _Traced(language_model.model, causal=language_model.kind == "decoder").eval()
    with _eager(language_model.model), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of every shape that it reads
        try:
            torch.onnx.export(
                traced,
                (ids, mask),
                str(path),
                input_names=["input_ids", "attention_mask"],
                output_names=["states"],
                dynamic_axes={"input_ids": free, "attention_mask": free, "states": free},
                opset_version=OPSET,
                dynamo=False,
            )
        except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
            raise ConfigError(
                f"the model {language_model.name} cannot be turned into an ONNX graph: {str(error)[:300]}",
                allowed="int8=false",
                mend="encode with int8=false",
            ) from error


@contextmanager
def _eager(model: Any) -> Iterator[None]:
    """Attention written as products and a softmax while the block lasts; fused kernels cannot be traced."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            yield
    finally:
        model.set_attn_implementation(before)
