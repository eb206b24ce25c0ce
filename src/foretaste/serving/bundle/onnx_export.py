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
from foretaste.models.bert4rec import BERT4Rec
from foretaste.models.sequence import SequenceRecommender, bare
from foretaste.recipes.saved import SavedModel

OPSET = 17
TOLERANCE = 1e-4
"""Greatest difference from torch, as a share of the greatest entry of the vectors."""

CHECKED = 32
"""Histories that are compared."""

INPUTS = ("table", "items", "lengths")
TABLE = "encoder_table.safetensors"


class _LastState(nn.Module):
    """The state after the newest item, out of a table of item vectors; no size of the traced batch is baked in.

    It is what :meth:`SequenceRecommender.last_states` and :meth:`BERT4Rec.last_states` compute, spelled in operations
    whose shapes stay free.
    """

    def __init__(self, network: SequenceRecommender) -> None:
        super().__init__()
        self.encoder, self.factor = network.encoder, network.factor
        self.mask_vector = network.mask_vector if isinstance(network, BERT4Rec) else None
        self.head = network.head if isinstance(network, BERT4Rec) else nn.Identity()

    def forward(self, table: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        vectors = nn.functional.embedding(items, table) * self.factor
        last = lengths - 1
        if self.mask_vector is not None:  # a mask behind the history, where the answer is read
            vectors = torch.cat([vectors, torch.zeros_like(vectors[:, :1])], dim=1)
            here = torch.arange(vectors.shape[1])[None, :, None] == lengths[:, None, None]
            vectors = torch.where(here, self.mask_vector, vectors)
            lengths, last = lengths + 1, lengths
        states = self.encoder(vectors, lengths)
        picked = states.gather(1, last[:, None, None].expand(-1, 1, states.shape[2]))[:, 0]
        users: Tensor = self.head(picked)
        return users


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
    with torch.inference_mode():
        table = network.items.table().detach().float().cpu().clone()
    _trace(copy.deepcopy(_LastState(network)).cpu().eval(), table, network.max_len, file, saved.recipe)
    write_atomic(file.parent / TABLE, lambda part: save_file({"table": np.ascontiguousarray(table.numpy())}, part))
    difference = _difference(network, table, file)
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


def _difference(network: SequenceRecommender, table: Tensor, file: Path) -> float:
    """Greatest difference between graph and network over histories of all lengths."""
    runtime = require("onnxruntime", extra="onnx", why="--onnx")
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    lengths = 1 + np.arange(CHECKED) * network.max_len // CHECKED
    worst = 0.0
    for block in np.array_split(np.arange(CHECKED), 4):
        items = rng.integers(0, len(table), size=(len(block), int(lengths[block].max())))
        items[np.arange(items.shape[1]) >= lengths[block][:, None]] = 0
        with torch.inference_mode():
            own = network.last_states(torch.from_numpy(items), torch.from_numpy(lengths[block])).cpu().numpy()
        feed = dict(zip(INPUTS, (table.numpy(), items, lengths[block]), strict=True))
        (theirs,) = session.run(["users"], feed)
        worst = max(worst, float(np.abs(own - theirs).max() / max(1.0, float(np.abs(own).max()))))
    return worst
