"""Optimisers and learning rates."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from foretaste.core.errors import ConfigError
from foretaste.training.config import TrainConfig


def make_optimizers(module: nn.Module, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """AdamW for dense gradients and, where tables give sparse ones, an Adam that touches only the rows used.

    Weight decay is left off vectors and scalars (biases, norms). A module that says ``lr_factor`` has its own weights
    trained at that many times the rate, and without decay.
    """
    rows = {
        id(part.weight)
        for part in module.modules()
        if getattr(part, "sparse", False) and isinstance(getattr(part, "weight", None), nn.Parameter)
    }
    trained = [p for p in module.parameters() if p.requires_grad]
    sparse = [p for p in trained if id(p) in rows]
    if bool(sparse) != (config.optimizer == "sparse-adam"):
        raise ConfigError(
            f"train.optimizer={config.optimizer} does not fit the item table",
            allowed="sparse-adam with a sparse table, adamw with a dense one",
            mend="use sparse-adam only with a loss that samples its negatives",
        )
    factors = {id(p): part.lr_factor for part in module.modules() if hasattr(part, "lr_factor")
               for p in part.parameters(recurse=False)}  # fmt: skip
    plain = [p for p in trained if id(p) not in rows and id(p) not in factors]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in plain if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in plain if p.ndim <= 1], "weight_decay": 0.0},
        *({"params": [p], "weight_decay": 0.0, "factor": factors[id(p)]} for p in trained if id(p) in factors),
    ]
    groups = [group for group in groups if group["params"]]
    betas = (0.9, config.beta2)
    made: list[torch.optim.Optimizer] = []
    if groups:
        made.append(torch.optim.AdamW(groups, lr=config.lr, betas=betas, fused=True))
    if sparse:
        made.append(torch.optim.SparseAdam(sparse, lr=config.lr, betas=betas))
    return made


def learning_rate(config: TrainConfig, step: int, share_done: float) -> float:
    """The rate for an update: linear warm-up, then the schedule over what is left.

    Args:
        config: Peak rate, schedule and warm-up.
        step: Updates done before this one.
        share_done: Share of all epochs that is done, in [0, 1].
    """
    warm = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    if config.schedule == "cosine":
        return config.lr * warm * 0.5 * (1 + math.cos(math.pi * share_done))
    if config.schedule == "linear":
        return config.lr * warm * (1 - share_done)
    return config.lr * warm
