"""What a sentence-transformers folder says about the steps behind the token states."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from foretaste.core.errors import ConfigError
from foretaste.text.encoders.loading import model_file

POOLING_NAMES = {"mean": "mean", "lasttoken": "last", "cls": "cls"}
LEGACY_NAMES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_lasttoken": "last",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
}


class Dense(nn.Module):
    """A linear layer behind the pooling, with an activation."""

    def __init__(self, weight: Tensor, bias: Tensor | None, activation: nn.Module) -> None:
        super().__init__()
        self.linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
        self.linear.load_state_dict({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """``(B, D)`` → ``(B, D')``."""
        out: Tensor = self.activation(self.linear(x))
        return out


class Normalize(nn.Module):
    """Rows scaled to length 1."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B, D)`` → ``(B, D)``."""
        return nn.functional.normalize(x, dim=-1)


@dataclass(frozen=True)
class SentenceHead:
    """What becomes of the states of a text's tokens.

    Attributes:
        pooling: ``"mean"``, ``"last"`` or ``"cls"``.
        layers: What follows, in order.
        max_tokens: Tokens the model was meant for; None if unsaid.
        lower_case: Whether texts are lowered before the tokenizer.
        prefix: Put before each text by default.
    """

    pooling: str = "mean"
    layers: Sequence[nn.Module] = field(default_factory=tuple)
    max_tokens: int | None = None
    lower_case: bool = False
    prefix: str = ""

    def width(self, hidden: int) -> int:
        """Length of the vectors that come out."""
        dense = [layer for layer in self.layers if isinstance(layer, Dense)]
        return dense[-1].linear.out_features if dense else hidden


def read_head(source: str) -> SentenceHead:
    """The head that a model's folder or hub entry describes; the plain mean where it is no sentence-transformers one.

    Raises:
        ConfigError: If a module is of a kind that is not known here; none is passed over in silence.
    """
    file = model_file(source, "modules.json")
    if file is None:
        return SentenceHead()
    modules = json.loads(file.read_text(encoding="utf-8"))
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    if kinds[:2] != ["Transformer", "Pooling"] or set(kinds[2:]) - {"Dense", "Normalize"}:
        raise ConfigError(
            f"the sentence-transformers model {source!r} is made of {', '.join(kinds)}",
            where=str(file),
            allowed="Transformer, Pooling, then any number of Dense and Normalize",
            mend="encode with that library and give the vectors as a file with ids",
        )
    transformer, pooling, *rest = [module["path"] for module in modules]
    base = _config(source, _inside(transformer, "sentence_bert_config.json"))
    general = _config(source, "config_sentence_transformers.json")
    prompts, chosen = general.get("prompts") or {}, general.get("default_prompt_name")
    layers = [
        _dense(source, path) if kind == "Dense" else Normalize() for kind, path in zip(kinds[2:], rest, strict=True)
    ]
    return SentenceHead(
        pooling=_pooling(source, pooling),
        layers=[layer.eval() for layer in layers],
        max_tokens=base.get("max_seq_length"),
        lower_case=bool(base.get("do_lower_case", False)),
        prefix=prompts.get(chosen, "") if chosen else "",
    )


def _pooling(source: str, path: str) -> str:
    config = _config(source, _inside(path, "config.json"))
    modes = config.get("pooling_mode") or [name for key, name in LEGACY_NAMES.items() if config.get(key)] or "mean"
    modes = [modes] if isinstance(modes, str) else list(modes)
    named: list[str] = [POOLING_NAMES.get(mode, mode) for mode in modes]
    if len(named) != 1 or named[0] not in POOLING_NAMES.values() or not config.get("include_prompt", True):
        without = "" if config.get("include_prompt", True) else " without the prompt"
        raise ConfigError(
            f"the model {source!r} pools by {' and '.join(modes)}{without}",
            allowed="mean, lasttoken or cls of all tokens",
            mend="encode with sentence-transformers and give the vectors as a file with ids",
        )
    return named[0]


def _dense(source: str, path: str) -> Dense:
    from safetensors.torch import load_file

    config = _config(source, _inside(path, "config.json"))
    weights: dict[str, Tensor]
    if file := model_file(source, _inside(path, "model.safetensors")):
        weights = load_file(str(file))
    elif file := model_file(source, _inside(path, "pytorch_model.bin")):
        weights = torch.load(file, map_location="cpu", weights_only=True)
    else:
        raise ConfigError(f"the model {source!r} has no weights for its layer {path!r}")
    if config.get("use_residual"):
        raise ConfigError(f"the layer {path!r} of the model {source!r} has a residual, which is not known here")
    return Dense(weights["linear.weight"].float(), weights.get("linear.bias"), _activation(config))


def _activation(config: dict[str, Any]) -> nn.Module:
    """A class of ``torch.nn`` by its dotted name; anything else a folder may name is not run."""
    module, _, name = config.get("activation_function", "torch.nn.modules.activation.Tanh").rpartition(".")
    kind = getattr(import_module(module), name, None) if module.startswith("torch.nn.modules") else None
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise ConfigError(f"the activation {module}.{name} is not one of torch's own")
    return kind()


def _config(source: str, relative: str) -> dict[str, Any]:
    file = model_file(source, relative)
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file else {}
    return content


def _inside(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
