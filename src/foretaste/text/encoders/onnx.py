"""A language model run by ONNX Runtime, in 8-bit integers or in 32 bits."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foretaste.core.errors import ConfigError
from foretaste.core.extras import require
from foretaste.core.files import write_atomic
from foretaste.text.encoders.batching import padded
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.huggingface import HuggingFaceEncoder, States
from foretaste.text.encoders.loading import PROBE, LanguageModel
from foretaste.text.encoders.onnx_export import export
from foretaste.text.encoders.onnx_int8 import Floats, products, quantise
from foretaste.text.encoders.pooling import pool
from foretaste.text.encoders.sentence import SentenceHead
from foretaste.text.encoders.tokens import tokenise

SCHEME = 3
"""Of the graph that is made; neither a kept graph of another scheme is used, nor a store of its vectors added to."""

NEAR = {"int8": 0.95, "fp32": 0.9999}
"""Least mean cosine between the graph's vectors and the network's on the probes."""

MOST_PARAMETERS = 500_000_000

SLOWER = ["SkipLayerNormFusion", "BiasGeluFusion"]
"""Fusions whose kernels take longer on a CPU than what they replace."""

PROBES = (
    PROBE,
    "A short sentence about nothing in particular.",
    "Red",
    "The quick brown fox jumps over the lazy dog, 1234567890 times! Then it sleeps, eats, and does it all over again.",
    "The user has bought: Nail Lacquer, Big Apple Red; Olive Oil Soap; Hair Dryer 1875W. What do they like?",
    "Ein Satz auf Deutsch; une phrase en français; una frase en español.",
)


def onnx_encoder(
    language_model: LanguageModel, config: EncoderConfig, head: SentenceHead, folder: Path | None = None
) -> HuggingFaceEncoder:
    """The encoder of a language model whose states ONNX Runtime computes; ``config.int8`` says in how many bits.

    Args:
        language_model: On the CPU, in 32 bits.
        config: As of any encoder.
        head: What becomes of the states.
        folder: Where the graph is kept and found again; None makes it anew each time.

    Raises:
        ConfigError: If the network cannot be turned into a graph, or the graph's vectors are not near the network's.
    """
    if config.precision != "fp32":
        raise ConfigError("8-bit integers are made from 32-bit weights", allowed="int8=true with precision=fp32")
    if language_model.parameters > MOST_PARAMETERS:
        raise ConfigError(
            f"{language_model.name} has {language_model.parameters:,} parameters",
            allowed=f"at most {MOST_PARAMETERS:,}: a graph in one file holds 2 GiB",
            mend="encode with int8=false and runtime=torch",
        )
    numbers = "int8" if config.int8 else "fp32"
    name = f"{language_model.fingerprint[:16]}-{numbers}-{SCHEME}.onnx"
    if folder is None:
        with tempfile.TemporaryDirectory() as scratch:
            states = _states(_kept(language_model, Path(scratch) / name, numbers))
    else:
        states = _states(_kept(language_model, folder / name, numbers))
    how = f"{numbers} by ONNX Runtime, scheme {SCHEME}"
    return HuggingFaceEncoder(language_model, config, head, states=states, numbers=how)


def _kept(language_model: LanguageModel, path: Path, numbers: str) -> Path:
    """The graph's file, made and compared with the network where it is not there yet."""
    if not path.is_file():
        write_atomic(path, lambda part: _make(language_model, part, numbers))
    return path


def _make(language_model: LanguageModel, path: Path, numbers: str) -> None:
    onnx = require("onnx", extra="onnx", why="int8=true")
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        export(language_model, plain)
        model = onnx.load(str(plain))
        if numbers == "int8":
            quantise(model, _largest(language_model, model, Path(scratch)))
        onnx.save(model, str(path))
    nearness = _nearness(language_model, _states(path))
    if not nearness >= NEAR[numbers]:
        raise ConfigError(
            f"{language_model.name} in {numbers} gives vectors too far from its own: mean cosine {nearness:.3f}",
            allowed=f"at least {NEAR[numbers]}",
            mend="encode with int8=false",
        )


def _largest(language_model: LanguageModel, model: Any, scratch: Path) -> dict[str, Floats]:
    """Largest absolute value of every channel that goes into a product, over the probes."""
    onnx = require("onnx", extra="onnx", why="int8=true")
    names = sorted({product.source for product in products(model)})
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(onnx.helper.make_tensor_value_info(name, 1, None) for name in names)
    onnx.save(watched, str(scratch / "watched.onnx"))
    run = _session(scratch / "watched.onnx")
    rows, _ = tokenise(language_model, PROBES, 64)
    largest: dict[str, Floats] = {}
    for row in rows:  # one by one, so that no padding is measured
        ids, mask = padded([row], language_model.pad_id)
        found = run(ids.numpy(), mask.numpy(), names)
        for name, values in zip(names, found, strict=True):
            peak = np.abs(values).max(axis=tuple(range(values.ndim - 1)))
            largest[name] = np.maximum(largest.get(name, peak), peak)
    return largest


def _nearness(language_model: LanguageModel, states: States) -> float:
    rows, _ = tokenise(language_model, PROBES, 64)
    ids, mask = padded(rows, language_model.pad_id)
    with torch.inference_mode():
        own = language_model.model(input_ids=ids, attention_mask=mask).last_hidden_state
    ours = states(ids, mask)
    return float(torch.cosine_similarity(pool(own, mask, "mean"), pool(ours, mask, "mean")).mean())


def _states(path: Path) -> States:
    run = _session(path)

    def states(ids: Tensor, mask: Tensor) -> Tensor:
        return torch.from_numpy(run(ids.numpy(), mask.numpy(), ["states"])[0])

    return states


def _session(path: Path) -> Callable[[Any, Any, list[str]], list[Any]]:
    runtime = require("onnxruntime", extra="onnx", why="int8=true")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session = runtime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOWER
    )

    def run(ids: Any, mask: Any, names: list[str]) -> list[Any]:
        found: list[Any] = session.run(names, {"input_ids": ids, "attention_mask": mask})
        return found

    return run
