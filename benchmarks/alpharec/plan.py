"""Which runs make up AlphaRec's tables, and the command of each."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alpharec import settings
from alpharec.kept import Kept, kept
from foretaste.core.config import configure, flat, from_dict
from foretaste.recipes.registry import recipe as recipe_of

DATA = ("amazon_beauty", "amazon_prime_pantry", "movielens_100k")
SPLITS = ("ratio", "leave-one-out")
SEEDS = (0, 1, 2)
METHODS: dict[str, tuple[str, tuple[str, ...]]] = {
    "popularity": ("popularity", ()),
    "itemknn": ("itemknn", ()),
    "embknn": ("embknn", ()),
    "textvotes": ("textvotes", ()),
    "mf": ("mf", ("loss=bpr",)),
    "multvae": ("multvae", ()),
    "lightgcn": ("lightgcn", ("loss=bpr",)),
    "lightgcn-infonce": ("lightgcn", ("loss=infonce",)),
    "sgl": ("sgl", ()),
    "xsimgcl": ("xsimgcl", ()),
    "kar": ("kar", ()),
    "rlmrec": ("rlmrec-lightgcn", ()),
    "alpharec": ("alpharec", ()),
    "alpharec-no-mlp": ("alpharec", ("map=linear",)),
    "alpharec-no-gcn": ("alpharec", ("layers=0",)),
    "alpharec-no-cl": ("alpharec", ("loss=bpr",)),
    "alpharec-trainable": ("alpharec", ("trainable=true",)),
}
"""Row of the main table → recipe and keys."""

COUNTED = {"popularity", "itemknn", "embknn", "textvotes"}
"""Methods in which nothing is random: one seed, and no epochs."""

TUNED_AS = {method: "alpharec" for method in METHODS if method.startswith("alpharec-")}
"""Ablations are what they are named after but for one key; nothing is searched for them."""

LOOP = ("train.validate_every=2", "train.patience=5")
"""Every method that is trained stops after ten epochs without a better validation."""

READS = {"embknn", "textvotes", "kar", "rlmrec-lightgcn", "alpharec"}
"""Recipes that read texts; they share one store of embeddings for each data set."""

ENCODERS = {"tfidf": "tfidf", "minilm": "minilm", "scft": "{out}/scft/{data}"}
"""Encoders of the linear study; the last is MiniLM tuned on the catalogue."""

LINEAR = ("map=linear", "layers=0", "ridge=0", "tell=title")
"""The paper's linear mapping: no network between text and score but one matrix."""


@dataclass(frozen=True)
class Cell:
    """One run.

    Attributes:
        data: Data set that is measured.
        split: Its protocol.
        method: Row of a table.
        seed: Of the run.
        recipe: What is trained.
        keys: Its keys; ``{out}`` stands for where run folders lie.
        needs: Runs that have to be there first.
    """

    data: str
    split: str
    method: str
    seed: int
    recipe: str
    keys: tuple[str, ...] = ()
    needs: tuple[Cell, ...] = ()

    @property
    def name(self) -> str:
        """Folder of the run, and name of what is kept of it."""
        return f"{self.data}/{self.split}/{self.method}-{self.seed}"

    @property
    def row(self) -> str:
        """Row of the table, whatever the settings."""
        return self.method.removesuffix(settings.DEFAULTS)

    @property
    def takes_over(self) -> bool:
        """Whether nothing is trained, since another run's projector is taken."""
        return any(key.startswith("projector=") for key in self.keys)

    def kept(self) -> Kept | None:
        """What was kept of it; None where that was made with other settings: its own or a default has changed since."""
        run = kept(self.name)
        return run if run is not None and self._describes(run.about["config"]) else None

    def _describes(self, found: dict[str, Any]) -> bool:
        """Whether it would be trained with these keys again; what depends on folders is not looked at.

        A run that takes a projector over has most of its keys from there; then its own and the scoring's count.
        """
        config = recipe_of(self.recipe).config
        own = [key for key in self._settings() if "{" not in key]
        wanted, had = flat(configure(config, overrides=own)), flat(from_dict(config, found))
        placed = {key.partition("=")[0] for key in self.keys if "{" in key} | {"seed", "split", "text.store"}
        looked_at = {*(key.partition("=")[0] for key in own), "ridge"} if self.takes_over else set(wanted) - placed
        return all(wanted[key] == had[key] for key in looked_at)

    def _settings(self) -> tuple[str, ...]:
        """Its keys and those of the loop; in braces what depends on folders."""
        return self.keys if self.recipe in COUNTED or self.takes_over else (*self.keys, *LOOP)

    def command(self, root: Path, out: Path) -> list[str]:
        """What trains it."""
        places = {"out": out, "data": self.data, "root": root}
        keys = [key.format(**places) for key in self._settings()]
        if self.recipe in READS:
            keys.append(f"text.store={out / 'store' / self.data}")
        where = ["--data", str(root / self.data), "--out", str(out / self.name)]
        call = [sys.executable, "-m", "foretaste", "train", self.recipe, *where]
        return [*call, f"split={self.split}", f"seed={self.seed}", *keys]


def main_cells(*, shown: bool = False) -> list[Cell]:
    """The main table: every method on every data set in both protocols, ablations in the paper's alone.

    Args:
        shown: Only runs with the settings that are taken, not those that were tried beside them.
    """
    cells = []
    for data in DATA:
        for split in SPLITS:
            for method in METHODS:
                if method not in TUNED_AS or split == SPLITS[0]:
                    cells += _cells_of(data, split, method, shown)
    return cells


def _cells_of(data: str, split: str, method: str, shown: bool) -> list[Cell]:
    """One method's runs: the first seed with all that may be taken, the other seeds with what is."""
    recipe, keys = METHODS[method]
    found = settings.ways(method, recipe, data, split)
    if method in TUNED_AS:
        found = [(method, settings.tuned(TUNED_AS[method]))]
    ways = [Cell(data, split, name, 0, recipe, (*own, *keys)) for name, own in found]
    taken = settings.better([cell.kept() for cell in ways], split)
    if taken is None:
        return [] if shown else ways
    first = ways[taken]
    cells = [first] if shown else ways
    if method not in COUNTED:
        cells = [*cells, *(replace(first, seed=seed) for seed in SEEDS[1:])]
    if method == "alpharec":
        cells = [*cells, *(_taking(cell, data, "alpharec-votes", "votes=0.5") for cell in cells)]
    return cells


def _taking(source: Cell, data: str, method: str, votes: str) -> Cell:
    """A run that takes a trained projector over as it is."""
    keys = (f"projector={{out}}/{source.name}", votes)
    return Cell(data, source.split, method, source.seed, "alpharec", keys, (source,))


def linear_cells() -> list[Cell]:
    """The linear-mapping study: one matrix on the vectors of three encoders."""
    return [
        Cell(data, "ratio", f"linear-{name}", seed, "alpharec", (*LINEAR, f"text.encoder={encoder}"))
        for data in DATA
        for name, encoder in ENCODERS.items()
        for seed in SEEDS
    ]


def zero_shot_cells() -> list[Cell]:
    """Zero-shot in every direction, from one data set and from both others, beside what needs no source."""
    cells, split = [], SPLITS[0]
    for target in DATA:
        plain = {name: ("tell=title", *settings.tuned(name)) for name in ("embknn", "textvotes")}
        cells += [Cell(target, split, f"zero-{name}", 0, name, keys) for name, keys in plain.items()]
        first, second = (data for data in DATA if data != target)
        sources = [(data, _source(data, split, seed)) for seed in SEEDS for data in (first, second)]
        sources.append(("both", _source(first, split, 0, also=second)))
        for name, source in sources:
            cells.append(_taking(source, target, f"zero-{name}", "votes=0.5"))
            cells.append(_taking(source, target, f"zero-{name}-alone", "votes=0"))
    return cells


def _source(data: str, split: str, seed: int, *, also: str = "") -> Cell:
    """A run that trains a projector on titles, which every catalogue has."""
    keys = ("tell=title", *settings.tuned("alpharec"))
    if also:
        return Cell(data, split, f"source-with-{also}", seed, "alpharec", (*keys, f"also={{root}}/{also}"))
    return Cell(data, split, "source", seed, "alpharec", keys)
