"""Which runs make up the long-tail table, and the command of each."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TUNED = HERE / "tuned.toml"
"""Settings found on amazon_scientific, seed 0, with the same budget for every method and backbone."""

BACKBONES = ("sasrec", "gru4rec", "bert4rec")
METHODS = ("plain", "plain-random", "llm2x", "said", "tslrec", "melt", "cities", "llmesr", "llmemb")
"""``plain`` starts from spectral vectors, the library's default; ``plain-random`` as the papers' baselines do."""
ROWS = (*METHODS[:2], "plain-content", *METHODS[2:-2], "llmesr-network", "llmesr", "llmemb-network", "llmemb")
"""Of the table: the methods, and what is read off their runs (derived.py)."""

TEXT = {"llm2x", "llmesr", "llmemb"}
"""Methods that embed item texts; they share one store of embeddings for each data set."""

DATA = {
    "amazon_scientific": (BACKBONES, (0, 1, 2)),
    "amazon_prime_pantry": (BACKBONES, (0, 1, 2)),
    "amazon_beauty": (("sasrec",), (0, 1, 2)),
}
"""Data set → its backbones and seeds."""


@dataclass(frozen=True)
class Cell:
    """One run."""

    data: str
    backbone: str
    method: str
    seed: int

    @property
    def name(self) -> str:
        """Folder of the run, and name of what is kept of it."""
        return f"{self.data}/{self.backbone}-{self.method}-{self.seed}"

    def recipe(self) -> str:
        """The recipe's name."""
        return self.backbone if self.method.startswith("plain") else self.method

    def keys(self, out: Path) -> list[str]:
        """Its keys: the method's, those found by tuning, and where it finds what runs share."""
        keys = list(tuned(self.method, self.backbone))
        if self.method == "plain-random":
            keys.append("init=random")
        if not self.method.startswith("plain"):
            keys.append(f"backbone={self.backbone}")
        if self.method in TEXT:
            keys.append(f"text.store={out / 'store' / self.data}")
        keys += [f"{key}={out / place.format(data=self.data)}" for key, place in SHARED.get(self.method, {}).items()]
        return [*keys, f"seed={self.seed}"]

    def command(self, root: Path, out: Path) -> list[str]:
        """What trains it."""
        tail = ["--data", str(root / self.data), "--out", str(out / self.name), *self.keys(out)]
        return [sys.executable, "-m", "foretaste", "train", self.recipe(), *tail]


SHARED: dict[str, dict[str, str]] = {
    "llmemb": {"scft.tuned": "scft/{data}", "collaborative": "collaborative/{data}"},
    "said": {"said.vectors": "said/{data}"},
    "tslrec": {"tslrec.vectors": "tslrec/{data}"},
}
"""What a method computes once for a data set, whatever the backbone and the seed: key → folder."""


@dataclass(frozen=True)
class Preparation:
    """Something that the runs of a method share on a data set."""

    method: str
    folder: Path
    command: list[str]


def preparations(data: str, root: Path, out: Path) -> Iterator[Preparation]:
    """What runs share on a data set, in the order in which it can be made."""
    store = f"text.store={out / 'store' / data}"
    collaborative = out / "collaborative" / data
    made = (
        ("llmemb", out / "scft" / data, ["text", "tune"], [store]),
        ("llmemb", collaborative, ["train", "sasrec"], []),
        ("said", out / "said" / data, ["train", "said"], []),
        ("tslrec", collaborative, ["train", "sasrec"], []),
        ("tslrec", out / "tslrec" / data, ["train", "tslrec"], [f"collaborative={collaborative}"]),
    )
    for method, folder, what, keys in made:
        call = [sys.executable, "-m", "foretaste", *what, "--data", str(root / data), "--out", str(folder), *keys]
        yield Preparation(method, folder, call)


def cells() -> list[Cell]:
    """All runs; the backbones' own first, because the others are measured against them."""
    return [
        Cell(d, b, m, s) for d, (backbones, seeds) in DATA.items() for m in METHODS for b in backbones for s in seeds
    ]


def tuned(method: str, backbone: str) -> list[str]:
    """Keys found for a method on a backbone, as ``key=value``."""
    if not TUNED.is_file():
        return []
    found = tomllib.loads(TUNED.read_text(encoding="utf-8"))
    return [f"{key}={value}" for key, value in found.get(method, {}).get(backbone, {}).items()]
