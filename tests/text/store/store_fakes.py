"""An encoder of a few lines whose vectors betray everything that a store could mix up."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from foretaste.text.encoders.base import Progress, Vectors, encode_distinct


class FakeEncoder:
    """A vector depends on the text, and in its last bits on the block that it was encoded in."""

    name = "fake"
    parameters = 7

    def __init__(self, dim: int = 4, *, fingerprint: str = "fake-1", slow: float = 0.0, bad: str = "\0") -> None:
        self.dim, self.fingerprint, self.slow, self.bad = dim, fingerprint, slow, bad
        self.truncated = 0
        self.blocks: list[list[str]] = []

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        self.blocks.append(list(texts))
        return encode_distinct(texts, self._encode, name=self.name, progress=progress)

    def _encode(self, texts: list[str], report: Progress) -> Vectors:
        trace = sum(map(len, texts)) * 1e-7
        rows = []
        for text in texts:
            time.sleep(self.slow)
            rows.append(one(text, self.dim) + trace)
            report(1)
        out = np.array(rows, dtype=np.float32).reshape(len(texts), self.dim)
        out[[self.bad in text for text in texts]] = np.nan
        self.truncated += sum(len(text) > 30 for text in texts)
        return out

    def describe(self) -> str:
        return f"fake, pid {os.getpid()}"


def one(text: str, dim: int) -> np.ndarray:
    """The vector of a text, but for the block's trace."""
    seed = int.from_bytes(sha256(text.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(dim)


def catalogue(count: int) -> tuple[list[str], list[str]]:
    """Ids and texts, no two alike; the ids' order is not the alphabet's."""
    ids = [f"i{(place * 7919) % 100_003}" for place in range(count)]
    return ids, [f"The item {raw} " + "very " * (int(raw[1:]) % 9) + "good" for raw in ids]
