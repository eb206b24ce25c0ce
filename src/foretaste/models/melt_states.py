"""States of histories and of parts of them, as MELT's branches ask for them: see ``models/melt_branches.py``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretaste.data.sequences import Sequences
from foretaste.models.base import as_tensor
from foretaste.models.sequence import SequenceRecommender, blocks_of_like_length
from foretaste.nn.dropout import Dropout

BLOCK_TOKENS = 4_096
"""Places encoded at once: few enough that short rows are not padded to the longest."""

BLOCK_HEADS = 1_024
"""Heads or tails looked at together outside of training steps."""


def newest(rows: Sequences, counts: NDArray[np.int64]) -> Sequences:
    """Each row cut to its newest ``counts`` items, ``(n,)``, at most its length."""
    return replace(rows, starts=rows.starts + rows.lengths - counts, lengths=counts)


def encode_rows(model: SequenceRecommender, rows: Sequences) -> Tensor:
    """The state after the newest item of each row, ``(n, d)``, with gradients; no row may be empty."""
    device = next(model.parameters()).device
    blocks = list(blocks_of_like_length(rows.lengths, BLOCK_TOKENS))
    states = []
    for index in blocks:
        block = rows.take(index)
        states.append(model.last_states(as_tensor(block.padded()).to(device), as_tensor(block.lengths).to(device)))
    back = torch.from_numpy(np.argsort(np.concatenate(blocks))).to(device)
    return torch.cat(states)[back]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients within, whatever the mode before: so results do not depend on it by a bit."""
    before = model.training
    model.eval()
    with torch.no_grad():
        yield
    model.train(before)


@contextmanager
def without_dropout(model: nn.Module) -> Iterator[None]:
    """Within it nothing is dropped; all else stays in training mode, which a GRU needs for gradients on a GPU."""
    asleep = [part for part in model.modules() if isinstance(part, Dropout) and part.training]
    for part in asleep:
        part.eval()
    yield
    for part in asleep:
        part.train()


def means(states: Tensor, owners: NDArray[np.int64], count: int) -> Tensor:
    """The mean of the states of each owner: ``(n, d)`` and ``(n,)`` → ``(count, d)``; every owner has one or more."""
    index = torch.from_numpy(owners).to(states.device)
    sums = states.new_zeros(count, states.shape[1]).index_add(0, index, states)
    return sums / torch.bincount(index, minlength=count)[:, None]


def split_blocks(numbers: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The numbers in blocks of at most :data:`BLOCK_HEADS`; no block is empty."""
    cuts = np.arange(BLOCK_HEADS, len(numbers), BLOCK_HEADS)
    return [block for block in np.split(numbers, cuts) if len(block)]
