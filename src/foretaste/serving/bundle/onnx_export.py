"""The sequence encoder as an ONNX graph: item table, histories and lengths in, user vectors out.

The table of folded input vectors is an input, not part of the graph, so the graph is small and new items need no new
one. It is run once in ONNX Runtime against torch on histories of many lengths and refused when they differ.
"""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn

from foretaste.core.errors import ConfigError
from foretaste.core.extras import require
from foretaste.core.files import write_atomic
from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever
from foretaste.models.sequence import SequenceRecommender, bare
from foretaste.recipes.saved import SavedModel
from foretaste.serving.bundle.onnx_graphs import graph_of

OPSET = 17
TOLERANCE = 1e-4
"""Greatest difference from torch, as a share of the greatest entry of the vectors."""

CHECKED = 32
"""Histories that are compared."""

INPUTS = ("table", "items", "lengths")
TABLE = "encoder_table.safetensors"


def sequence_network(saved: SavedModel) -> SequenceRecommender:
    """The network that encodes histories.

    Raises:
        ConfigError: If the model has none.
    """
    model = bare(saved.model)
    if not isinstance(model, SequenceRecommender):
        raise ConfigError(
            f"the recipe {saved.recipe!r} has no sequence encoder that could become an ONNX graph",
            allowed="sasrec, gru4rec, bert4rec, llmemb, llmesr, pad and others on these backbones",
            mend="export it without --onnx",
        )
    return model


def export_encoder(saved: SavedModel, file: Path) -> dict[str, Any]:
    """Writes the graph and the table that it reads, and measures how far it is from torch.

    Args:
        saved: The model.
        file: Of the graph; the table goes beside it.

    Returns:
        Names, opset, greatest difference and how many histories were compared.

    Raises:
        ConfigError: If the network cannot be traced, or differs by more than :data:`TOLERANCE`.
    """
    require("onnx", extra="onnx", why="--onnx")
    network = sequence_network(saved)
    graph, table = graph_of(saved.model, network)
    _trace(copy.deepcopy(graph).cpu().eval(), table, network.max_len, file, saved.recipe)
    write_atomic(file.parent / TABLE, lambda part: save_file({"table": np.ascontiguousarray(table.numpy())}, part))
    difference = _difference(saved.model, network.max_len, table, file)
    if not difference <= TOLERANCE:
        raise ConfigError(
            f"the ONNX graph of {saved.recipe!r} differs from torch by {difference:.2g}",
            allowed=f"a difference up to {TOLERANCE:g}",
            mend="export it without --onnx, and report this",
        )
    return {
        "file": file.name,
        "table": TABLE,
        "inputs": list(INPUTS),
        "output": "users",
        "opset": OPSET,
        "max_len": network.max_len,
        "histories_compared": CHECKED,
        "difference": difference,
    }


def _trace(twin: nn.Module, table: Tensor, max_len: int, file: Path, recipe: str) -> None:
    longest = min(max_len, 7)
    items = torch.arange(2 * longest).reshape(2, longest) % len(table)
    lengths = torch.tensor([longest, max(1, longest - 3)])
    free = {0: "batch"}
    axes = {"table": {0: "catalogue"}, "items": {0: "batch", 1: "length"}, "lengths": free, "users": free}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of every shape that it reads
        try:
            torch.onnx.export(
                twin,
                (table, items, lengths),
                str(file),
                input_names=list(INPUTS),
                output_names=["users"],
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
        except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
            raise ConfigError(
                f"the encoder of {recipe!r} cannot be turned into an ONNX graph: {str(error)[:300]}",
                mend="export it without --onnx",
            ) from error


def _difference(model: nn.Module, max_len: int, table: Tensor, file: Path) -> float:
    """Greatest difference between graph and model over histories of all lengths."""
    assert isinstance(model, Retriever), "it has a sequence encoder"
    runtime = require("onnxruntime", extra="onnx", why="--onnx")
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    lengths = 1 + np.arange(CHECKED) * max_len // CHECKED
    worst = 0.0
    for block in np.array_split(np.arange(CHECKED), 4):
        items = rng.integers(0, len(table), size=(len(block), int(lengths[block].max())))
        items[np.arange(items.shape[1]) >= lengths[block][:, None]] = 0
        rows = [row[:length].tolist() for row, length in zip(items, lengths[block], strict=True)]
        with torch.inference_mode():
            own = model.user_vectors(Sequences.from_lists(rows)).cpu().numpy()
        feed = dict(zip(INPUTS, (table.numpy(), items, lengths[block]), strict=True))
        (theirs,) = session.run(["users"], feed)
        worst = max(worst, float(np.abs(own - theirs).max() / max(1.0, float(np.abs(own).max()))))
    return worst
