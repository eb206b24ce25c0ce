"""Shops whose texts mean something, and an encoder that counts words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from foretaste.text.encoders.base import Progress, Vectors, encode_distinct

THEMES = {
    "kitchen": "pan pot ladle knife board whisk oven spoon",
    "garden": "spade rake seed hose glove pot fence trowel",
    "music": "guitar string drum amplifier cable pedal tuner stand",
}
COLOURS = "red blue green black white silver"


def write_shop(folder: Path, *, users: int = 48, without: Sequence[str] = (), seed: int = 0) -> Path:
    """Users who keep to one theme; items of ``without`` are in no table at all."""
    rng = np.random.default_rng(seed)
    rows, goods = [], shop_items()
    for user in range(users):
        theme = list(THEMES)[user % len(THEMES)]
        own = [item["item_id"] for item in goods if item["brand"].startswith(theme) and item["item_id"] not in without]
        for place, raw in enumerate(rng.permutation(own)[: int(rng.integers(4, 9))]):
            rows.append((f"u{user}", str(raw), place, 1_600_000_000 + 86_400 * (user + place)))
    folder.mkdir(parents=True, exist_ok=True)
    schema = ["user_id", "item_id", "position", "timestamp"]
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(folder / "interactions.parquet")
    pl.DataFrame([item for item in goods if item["item_id"] not in without]).write_parquet(folder / "items.parquet")
    (folder / "meta.json").write_text(json.dumps({"name": "shop", "timestamp": "unix_seconds"}))
    return folder


def shop_items() -> list[dict[str, str]]:
    """All goods: ``item_id``, ``title`` and ``brand``."""
    return [
        {
            "item_id": f"{theme[0]}{number}",
            "title": f"{COLOURS.split()[number % 6]} {word} for the {theme}",
            "brand": f"{theme} makers {number % 2}",
        }
        for theme, words in THEMES.items()
        for number, word in enumerate(words.split() * 2)
    ]


class WordEncoder:
    """Counts of hashed words; remembers what it was asked, and may fail at the n-th call."""

    name = "words"
    parameters = 0
    truncated = 0

    def __init__(self, dim: int = 16, *, fail_at: int = 0, fingerprint: str = "words-1") -> None:
        self.dim, self.fingerprint, self.fail_at = dim, fingerprint, fail_at
        self.asked: list[str] = []
        self.calls = 0

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        self.calls += 1
        if self.calls == self.fail_at:
            raise KeyboardInterrupt
        self.asked += texts
        return encode_distinct(texts, lambda some, _: self.count(some), name=self.name, progress=progress)

    def count(self, texts: Sequence[str]) -> Vectors:
        """``(n, dim)``."""
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                out[row, sum(word.encode()) % self.dim] += 1
        return out

    def describe(self) -> str:
        return "words: no parameters"
