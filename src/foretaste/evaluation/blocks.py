"""Scores of the whole catalogue, a few users at a time, in memory that is used again and again.

A freshly allocated matrix of scores costs more than the product that fills it, and one that does not fit the cache is
paid for at each reading. So a retriever's scores are written into one buffer, and whoever counts over a block reads it
while it is warm.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever, Scorer, Users
from foretaste.nn.lines import whole_lines

BLOCK = 256
"""Users scored at once."""

CELLS = 1 << 25
"""Scores held at once, at the most: 128 MB; a large catalogue makes the blocks smaller."""

CHUNK = 1 << 16
"""Users whose vectors and seen items are held at once."""


def chunks(size: int) -> Iterator[slice]:
    """Slices of at most :data:`CHUNK` rows."""
    for start in range(0, size, CHUNK):
        yield slice(start, min(start + CHUNK, size))


@contextmanager
def evaluating(model: Scorer) -> Iterator[None]:
    """No gradients, no dropout, no reduced precision; the model's mode is put back afterwards."""
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode(), torch.autocast("cpu", enabled=False):
            model.prepare()
            yield
    finally:
        model.train(was_training)


@dataclass(frozen=True)
class Block:
    """Scores of some users for the whole catalogue.

    Attributes:
        rows: Which questions they answer.
        scores: ``(b, num_items)`` float32; valid until the next block is asked for.
        finite: Whether every score is known to be a finite number.
        scratch: Whether the scores lie in a buffer that the reader may overwrite.
    """

    rows: slice
    scores: Tensor
    finite: bool = False
    scratch: bool = False


FEWEST = 8
"""Rows of a product at the least: for very few rows some libraries compute the last columns in another way, and the
scores of two items with the very same vector then differ in their last bits."""


def score_blocks(model: Scorer, histories: Sequences, users: Users = None, *, block: int = BLOCK) -> Iterator[Block]:
    """Yields the scores of all histories, block by block.

    Args:
        model: Called as it stands: use it within :func:`evaluating`.
        histories: One row for each question, a chunk of them: a retriever's user vectors are made in one go.
        users: Dense user ids beside the rows.
        block: How many rows at once, at the most.
    """
    step = max(1, min(block, CELLS // max(model.num_items, 1)))
    slices = [slice(start, min(start + step, len(histories))) for start in range(0, len(histories), step)]
    if isinstance(model, Retriever) and model.inner_product:
        yield from _product_blocks(model, histories, users, slices)
        return
    for rows in slices:
        part = histories.take(np.arange(rows.start, rows.stop))
        yield Block(rows, model.score(part, None if users is None else users[rows]).float())


def _product_blocks(model: Retriever, histories: Sequences, users: Users, slices: list[slice]) -> Iterator[Block]:
    if not slices:
        return
    items = model.item_vectors().float().T
    vectors = model.user_vectors(histories, users).float()
    # No inner product is larger than the product of the norms; NaN and overflow fail this comparison.
    largest = items.norm(dim=0).max() * vectors.norm(dim=1).max()
    finite = bool(largest < torch.finfo(torch.float32).max / 2)
    buffer = torch.empty((max(slices[0].stop, FEWEST), whole_lines(items.shape[1])), device=items.device)
    buffer = buffer[:, : items.shape[1]]
    for rows in slices:
        count = rows.stop - rows.start
        part = vectors[rows]
        if count < FEWEST:
            part = F.pad(part, (0, 0, 0, FEWEST - count))
        torch.mm(part, items, out=buffer[: len(part)])
        yield Block(rows, buffer[:count], finite=finite, scratch=True)


def distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The different ones of values that are not negative, rising; on long arrays much faster than ``np.unique``."""
    rising = np.sort(values)
    once: NDArray[np.int64] = rising[np.diff(rising, prepend=-1) != 0]
    return once


class Seen:
    """The distinct items of each history, ready to be looked up in blocks.

    Args:
        histories: ``n`` rows of dense item ids.
        num_items: Size of the catalogue.
    """

    def __init__(self, histories: Sequences, num_items: int) -> None:
        pairs = distinct(histories.owners() * num_items + histories.flat())
        self.rows: NDArray[np.int64] = pairs // num_items
        self.items: NDArray[np.int64] = pairs % num_items
        self._starts = np.searchsorted(self.rows, np.arange(len(histories) + 1))

    def pairs(self, rows: slice) -> slice:
        """Where the pairs of a block lie."""
        return slice(int(self._starts[rows.start]), int(self._starts[rows.stop]))

    def within(self, rows: slice, device: torch.device) -> tuple[Tensor, Tensor]:
        """Row numbers, counted from the block's first, and item ids of every distinct pair in a block."""
        part = self.pairs(rows)
        owners, items = self.rows[part] - rows.start, self.items[part]
        return torch.from_numpy(owners).to(device), torch.from_numpy(items).to(device)
