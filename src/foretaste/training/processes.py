"""One process or many: the same loop, through accelerate when it was launched with several."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from foretaste.core.extras import require
from foretaste.training.batches import Block


class Processes:
    """Who else trains, and on which device.

    Args:
        device: ``"auto"``, ``"cpu"`` or a CUDA device.
    """

    def __init__(self, device: str = "auto") -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self._accelerator: Any = None
        if self.count > 1:
            accelerate = require("accelerate", extra="multi", why="training in several processes")
            self._accelerator = accelerate.Accelerator(cpu=device == "cpu" or not torch.cuda.is_available())
        self.rank = self._accelerator.process_index if self._accelerator else 0
        self.device = self._accelerator.device if self._accelerator else torch.device(_device(device))

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module whose call averages gradients over all processes."""
        if not self._accelerator:
            return module
        wrapped: nn.Module = self._accelerator.prepare_model(module)
        return wrapped

    def share(self, block: Block) -> Block:
        """This process's rows of a batch: every ``count``-th, so that lengths stay alike; never none."""
        mine = block[self.rank :: self.count]
        return mine if len(mine) else block[:1]

    def agree(self, values: list[float]) -> list[float]:
        """The main process's values, in every process."""
        if self.count == 1:
            return values
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(tensor, src=0)
        return [float(v) for v in tensor]

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a scalar over all processes."""
        if self.count == 1:
            return value
        total = value.detach().clone()
        torch.distributed.all_reduce(total)
        return total / self.count

    def wait(self) -> None:
        """Until every process is here."""
        if self._accelerator:
            self._accelerator.wait_for_everyone()

    def seed(self, seed: int) -> None:
        """Seeds torch and numpy; each process gets numbers of its own."""
        torch.manual_seed(seed + self.rank)
        np.random.seed((seed + self.rank) % 2**32)  # noqa: NPY002 - for libraries that still read the global state


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name
