"""Which runs make up PAD's table, and the command of each."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

SEEDS = (0, 1, 2)
NETWORK = "tune_neighbours=false"
"""The network alone, the paper's model: without the expert that learns nothing."""

ALONE = {"id": ["experts=id"], "text": ["experts=text", NETWORK]}
"""Experts that are trained alone; all other rows start from these runs."""

MAIN = {
    "aligned": ["experts=aligned", NETWORK],
    "dual": ["experts=id+text", NETWORK],
    "id+aligned": ["experts=id+aligned", NETWORK],
    "aligned+text": ["experts=aligned+text", NETWORK],
    "pad": [],
}
"""Single, dual and triple expert; the last as the recipe serves it, with the expert that learns nothing beside it."""

DERIVED = {"id": "id-neighbours", "text": "text-neighbours", "pad": "pad-network"}
"""Row → what is read off its runs without training: the network with that expert beside it, or without."""

ABLATIONS = {
    "no-mmd": ["align.weight=0"],
    "no-anchor": ["align.anchor=false", "align.epochs=20"],
    "gate-uniform": ["gate=uniform"],
    "gate-none": ["gate=none"],
    "gate-fixed": ["gate=fixed"],
    "gate-as-paper": ["gamma2=-4", "gate_lr_factor=1"],
}
QUESTIONS = {
    "text-from-scratch": ["text_start=random"],
    "only-the-gate-learns": ["freeze=id.items,id.encoder,aligned.items,aligned.encoder,text.items,text.encoder"],
    "frozen-text": ["freeze=text.items,text.encoder"],
    "cat": ["fusion=cat"],
    "all-columns": ["spread_dims=0"],
    "last-layer": ["text.layers=last"],
}
"""Parts of the recipe that the paper does not ask about; run with --extra, as are :data:`OTHERS`."""

KERNELS = {
    "laplacian": ["align.kernel=laplacian"],
    "linear": ["align.kernel=linear"],
    "cosine": ["align.kernel=cosine"],
    "infonce": ["align.kernel=infonce", "align.weight=0.01"],
}
"""The alignment study; the row ``pad-network`` has the Gaussian kernel."""

RATES = ["train.lr=1e-3", "align.lr=1e-3", "experts_lr=1e-3", "train.epochs=200", "train.patience=5"]
OTHERS = {
    "gru4rec": ["backbone=gru4rec"],
    "caser": ["backbone=caser"],
    "preset-paper": ["--preset", "paper", *RATES],
    "preset-trainable-gate": ["--preset", "trainable-gate", *RATES],
}
"""Rows that do not start from the runs of :data:`ALONE`; presets with rates at which two cores finish."""

EXTRA = {**QUESTIONS, **OTHERS}
ONE_SEED = {*KERNELS, *EXTRA}
"""Rows of the first seed alone."""

OWN_TEXT = ("all-columns", "last-layer")
"""Rows whose text is another, so that they train a text expert of their own."""

PANTRY = "amazon_prime_pantry"
DATA = {
    PANTRY: (*ALONE, *MAIN, *ABLATIONS, *KERNELS, *EXTRA),
    "amazon_scientific": (*ALONE, "pad"),
    "amazon_beauty": (*ALONE, "pad"),
}
"""Data set → the rows that are trained."""


@dataclass(frozen=True)
class Cell:
    """One run."""

    data: str
    row: str
    seed: int

    @property
    def name(self) -> str:
        """Folder of the run, and name of what is kept of it."""
        return f"{self.data}/{self.row}-{self.seed}"

    def keys(self, out: Path) -> list[str]:
        """Options and keys."""
        found = list((ALONE | MAIN | ABLATIONS | KERNELS | EXTRA)[self.row])
        if self.row not in ALONE | MAIN:
            found.append(NETWORK)
        if self.row not in ALONE and self.row not in OTHERS:
            found.append(f"id_run={out / self.data}/id-{self.seed}")
            if self.row not in OWN_TEXT and self.row != "text-from-scratch":
                found.append(f"text_run={out / self.data}/text-{self.seed}")
        return [*found, f"text.store={out / 'store' / self.data}", f"seed={self.seed}"]

    def command(self, root: Path, out: Path) -> list[str]:
        """What trains it."""
        tail = ["--data", str(root / self.data), "--out", str(out / self.name), *self.keys(out)]
        return [sys.executable, "-m", "foretaste", "train", "pad", *tail]


def cells(*, extra: bool = True) -> list[Cell]:
    """All runs, those that others start from first; those of :data:`EXTRA` where they are asked for."""
    rows = [(data, row) for data, rows in DATA.items() for row in rows if extra or row not in EXTRA]
    return [Cell(data, row, seed) for data, row in rows for seed in seeds(row)]


def shown(data: str) -> list[str]:
    """The rows of a data set's table: those that are trained, and behind each what is read off it."""
    return [name for row in DATA[data] for name in (row, DERIVED.get(row, "")) if name]


def seeds(row: str) -> tuple[int, ...]:
    """The seeds of a row."""
    return SEEDS[:1] if row in ONE_SEED else SEEDS
