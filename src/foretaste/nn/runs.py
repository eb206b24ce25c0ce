"""Runs of numbers one behind the other, without a loop over them."""

from __future__ import annotations

import torch
from torch import Tensor


def expand_runs(begins: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """For all runs ``begins[n] … ends[n] - 1`` one after the other: the run each number is of, and the number."""
    counts = ends - begins
    owners = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
    within = torch.arange(len(owners), device=counts.device) - (counts.cumsum(0) - counts)[owners]
    return owners, begins[owners] + within
