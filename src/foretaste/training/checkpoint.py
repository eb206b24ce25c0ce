"""Everything a run needs to go on as if nothing had happened, in one safetensors file that is replaced atomically.

Weights, both moments of the optimiser, random state, the place in the data and the record of early stopping travel
together, so that a kill at any moment leaves either the old checkpoint or the new one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from foretaste.core.errors import ArtefactError
from foretaste.core.files import atomic_path


@dataclass
class Progress:
    """Where a run stands.

    Attributes:
        epoch: Epoch that is under way, from 0.
        block: Batches of it that are done.
        step: Updates done in all.
        best: Best validation NDCG@10 so far.
        best_epoch: Epoch after which it was reached; -1 before the first validation.
        stale: Validations since then.
        loss_sum: Sum of the losses of the epoch's batches.
        seconds: Seconds spent in training steps, all attempts together.
        epoch_seconds: Seconds of that in the epoch under way.
        finished: Whether training has stopped for good.
    """

    epoch: int = 0
    block: int = 0
    step: int = 0
    best: float = -1.0
    best_epoch: int = -1
    stale: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    finished: bool = False


def save_weights(path: Path, module: nn.Module) -> None:
    """Writes a network's weights and buffers as safetensors."""
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
    with atomic_path(path) as part:
        save_file(tensors, part)


def load_weights(path: Path, module: nn.Module) -> None:
    """Reads what :func:`save_weights` wrote into a network of the same shape.

    Raises:
        ArtefactError: If the file is damaged or belongs to another network.
    """
    tensors, _ = _read(path)
    _restore(module, tensors, path)


def save_checkpoint(
    path: Path, module: nn.Module, optimizers: list[torch.optim.Optimizer], progress: Progress, seed: int
) -> None:
    """Writes one file with all that :func:`load_checkpoint` restores."""
    tensors = {f"weights.{name}": tensor for name, tensor in module.state_dict().items()}
    scalars: dict[str, Any] = {}
    for number, optimizer in enumerate(optimizers):
        for key, state in optimizer.state_dict()["state"].items():
            for name, value in state.items():
                place = f"optimizer.{number}.{key}.{name}"
                if isinstance(value, Tensor):
                    tensors[place] = value
                else:
                    scalars[place] = value
    tensors["random"] = torch.get_rng_state()
    note = {"progress": json.dumps(asdict(progress)), "scalars": json.dumps(scalars), "seed": str(seed)}
    flat = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with atomic_path(path) as part:
        save_file(flat, part, metadata=note)


def load_checkpoint(path: Path, module: nn.Module, optimizers: list[torch.optim.Optimizer]) -> Progress:
    """Restores weights, optimisers and random state in place, and says where to go on."""
    tensors, note = _read(path)
    weights = {n.removeprefix("weights."): t for n, t in tensors.items() if n.startswith("weights.")}
    _restore(module, weights, path)
    scalars = json.loads(note["scalars"])
    for number, optimizer in enumerate(optimizers):
        prefix = f"optimizer.{number}."
        state: dict[int, dict[str, Any]] = {}
        for name, value in [*tensors.items(), *scalars.items()]:
            if name.startswith(prefix):
                key, _, field = name.removeprefix(prefix).partition(".")
                state.setdefault(int(key), {})[field] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    torch.set_rng_state(tensors["random"])
    return Progress(**json.loads(note["progress"]))


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except Exception as error:
        raise ArtefactError(
            f"{path.name} cannot be read: {error}",
            where=str(path),
            allowed="a safetensors file written by this library",
            mend="remove the run's folder and train again",
        ) from error


def _restore(module: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise ArtefactError(
            f"{path.name} does not fit the network: {error}",
            where=str(path),
            allowed="weights of the same recipe, config and data",
            mend="train into another folder, or restore the config",
        ) from error
