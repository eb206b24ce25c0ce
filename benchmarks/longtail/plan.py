"""Which runs make up the long-tail table, and the command of each."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from foretaste.recipes.run_folder import is_finished

HERE = Path(__file__).parent
TUNED = HERE / "tuned.toml"
"""Settings found on amazon_scientific, seed 0, with the same budget for every method."""

BACKBONES = ("sasrec", "gru4rec", "bert4rec")
METHODS = ("plain", "plain-random", "llm2x", "said", "tslrec", "melt", "cities", "llmesr", "llmemb")
"""``plain`` starts from spectral vectors, the library's default; ``plain-random`` as the papers' baselines do."""
ROWS = (*METHODS[:2], "plain-content", *METHODS[2:-2], "llmesr-network", "llmesr", "llmemb-network", "llmemb")
"""Of the table: the methods, and what is read off their runs (derived.py)."""

TEXT = {"llm2x", "llmesr", "llmemb"}
"""Methods that embed item texts; they share one store of embeddings for each data set."""

STARTED = {"melt", "cities"}
"""Methods whose first stage is the plain run itself: they take it where it is there and their keys are the same."""

ABLATIONS: dict[str, dict[str, str]] = {
    "llmesr": {
        "no-co-view": "co_view=false",
        "no-se-view": "se_view=false",
        "no-distillation": "distill_weight=0",
        "no-shared": "shared=false",
        "no-cross-attention": "cross_attention=false",
        "one-layer-adapter": "adapter_layers=1",
        "random-init": "init=random",
        "last-layer": "text.layers=last",
    },
    "llmemb": {
        "no-scft": "scft.enabled=false",
        "no-adapter": "adapter=pca",
        "no-align": "align_weight=0",
        "no-frozen": "frozen=false",
        "last-layer": "text.layers=last",
        "no-scft-last-layer": "scft.enabled=false text.layers=last",
    },
}
"""Method → the variants of its paper's ablation, and of ours, all without serving terms: name → keys."""
ABLATED = ("amazon_prime_pantry", "sasrec", (0,))
"""Where the variants run, each against the whole network of the same seed."""

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
        return f"{self.data}/{self.backbone}-{self.method.replace(':', '-')}-{self.seed}"

    def recipe(self) -> str:
        """The recipe's name."""
        return self.backbone if self.method.startswith("plain") else self.base

    @property
    def base(self) -> str:
        """The method of which this is a variant, or itself."""
        return self.method.partition(":")[0]

    def keys(self, out: Path) -> list[str]:
        """Its keys: the method's, those found by tuning, and where it finds what runs share."""
        keys = list(tuned(self.base, self.backbone))
        variant = ABLATIONS.get(self.base, {}).get(self.method.partition(":")[2])
        if variant:
            keys += ["tune_serving=false", *variant.split()]
        if self.method == "plain-random":
            keys.append("init=random")
        if not self.method.startswith("plain"):
            keys.append(f"backbone={self.backbone}")
        if self.base in TEXT:
            keys.append(f"text.store={out / 'store' / self.data}")
        keys += [f"{key}={out / place.format(data=self.data)}" for key, place in self._shared().items()]
        plain = out / replace(self, method="plain").name
        if (
            self.base in STARTED
            and tuned(self.base, self.backbone) == tuned("plain", self.backbone)
            and is_finished(plain)
        ):
            keys.append(f"pretrained={plain}")
        return [*keys, f"seed={self.seed}"]

    def _shared(self) -> dict[str, str]:
        shared = SHARED.get(self.base, {})
        return {key: place for key, place in shared.items() if not (key == "scft.tuned" and "no-scft" in self.method)}

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
        ("llmemb", out / "scft" / data, ["text", "tune"], [store, "scft.epochs=1"]),
        ("llmemb", collaborative, ["train", "sasrec"], []),
        ("said", out / "said" / data, ["train", "said"], []),
        ("tslrec", collaborative, ["train", "sasrec"], []),
        ("tslrec", out / "tslrec" / data, ["train", "tslrec"], [f"collaborative={collaborative}"]),
    )
    for method, folder, what, keys in made:
        call = [sys.executable, "-m", "foretaste", *what, "--data", str(root / data), "--out", str(folder), *keys]
        yield Preparation(method, folder, call)


def cells() -> list[Cell]:
    """All runs of the table, the backbones' own first because the others are measured against them; then ablations."""
    whole = [
        Cell(d, b, m, s) for d, (backbones, seeds) in DATA.items() for m in METHODS for b in backbones for s in seeds
    ]
    data, backbone, seeds = ABLATED
    parts = [f"{method}:{variant}" for method, variants in ABLATIONS.items() for variant in variants]
    return whole + [Cell(data, backbone, part, seed) for part in parts for seed in seeds]


def tuned(method: str, backbone: str) -> list[str]:
    """Keys found for a method on a backbone, as ``key=value``."""
    if not TUNED.is_file():
        return []
    found = tomllib.loads(TUNED.read_text(encoding="utf-8"))
    return [f"{key}={value}" for key, value in found.get(method, {}).get(backbone, {}).items()]
