"""A language model and the steps behind it as a folder, in the format that sentence-transformers reads as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from foretaste.text.encoders.loading import LanguageModel, quiet
from foretaste.text.encoders.sentence import Dense, SentenceHead

KIND = "sentence_transformers.models."
POOLING_KEYS = {
    "mean": "pooling_mode_mean_tokens",
    "cls": "pooling_mode_cls_token",
    "last": "pooling_mode_lasttoken",
}


def save_sentence_model(folder: Path, language_model: LanguageModel, head: SentenceHead) -> None:
    """Writes what ``open_encoder(EncoderConfig(encoder=folder))`` reads back.

    Args:
        folder: Where to write; files of the same names are replaced.
        language_model: Network and tokenizer.
        head: Pooling and the layers behind it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with quiet():
        language_model.model.save_pretrained(folder)  # type: ignore[operator]
        language_model.tokenizer.save_pretrained(folder)
    modules = [_module(0, "", "Transformer"), _module(1, "1_Pooling", "Pooling")]
    pooling = {key: kind == head.pooling for kind, key in POOLING_KEYS.items()}
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": language_model.hidden, **pooling})
    for number, layer in enumerate(head.layers, start=2):
        kind = type(layer).__name__
        modules.append(_module(number, f"{number}_{kind}", kind))
        if isinstance(layer, Dense):
            _save_dense(folder / f"{number}_{kind}", layer)
    limit = {} if head.max_tokens is None else {"max_seq_length": head.max_tokens}
    _write(folder / "sentence_bert_config.json", {**limit, "do_lower_case": head.lower_case})
    if head.prefix:
        prompts = {"prompts": {"default": head.prefix}, "default_prompt_name": "default"}
        _write(folder / "config_sentence_transformers.json", prompts)
    _write(folder / "modules.json", modules)


def _module(number: int, path: str, kind: str) -> dict[str, Any]:
    return {"idx": number, "name": str(number), "path": path, "type": KIND + kind}


def _save_dense(folder: Path, layer: Dense) -> None:
    linear, activation = layer.linear, type(layer.activation)
    about = {
        "in_features": linear.in_features,
        "out_features": linear.out_features,
        "bias": linear.bias is not None,
        "activation_function": f"{activation.__module__}.{activation.__qualname__}",
    }
    _write(folder / "config.json", about)
    tensors = {f"linear.{name}": weight.contiguous() for name, weight in linear.state_dict().items()}
    save_file(tensors, folder / "model.safetensors")


def _write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
