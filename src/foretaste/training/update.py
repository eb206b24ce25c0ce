"""One update: forward, backward, clipping, a step of every optimiser."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from foretaste.training.config import TrainConfig
from foretaste.training.optim import make_optimizers
from foretaste.training.processes import Processes


class Update:
    """What changes a network's weights.

    Args:
        model: Calling it with a batch gives the loss; it is moved to where it is trained.
        config: Optimisers, clipping, and whether the network is compiled.
        processes: Who else trains it, and where.
    """

    def __init__(self, model: nn.Module, config: TrainConfig, processes: Processes) -> None:
        model.to(processes.device)
        wrapped = processes.wrap(model)
        self.model, self.clip = model, config.clip
        self.forward = torch.compile(wrapped, dynamic=True) if config.compile else wrapped
        self.optimizers = make_optimizers(model, config)

    def __call__(self, batch: Any, rate: float) -> Tensor:
        """Makes the update and returns the batch's loss, a scalar.

        Args:
            batch: What the network is called with, where it is trained.
            rate: Learning rate; groups of weights with a factor learn at that many times it.
        """
        loss: Tensor = self.forward(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.clip:
            dense = [p for p in self.model.parameters() if p.grad is not None and not p.grad.is_sparse]
            torch.nn.utils.clip_grad_norm_(dense, self.clip)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group.get("factor", 1.0)
            optimizer.step()
            optimizer.zero_grad()
        return loss.detach()
