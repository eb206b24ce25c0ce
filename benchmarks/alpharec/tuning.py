"""A search for every method in its own space, with the same number of trials, on one data set."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import searching
from alpharec.plan import COUNTED, LOOP, METHODS, READS, TUNED_AS
from alpharec.settings import HOME, TUNED
from foretaste.core.files import read_json, write_atomic

DATA, SPLIT = HOME
UNTUNED = {"popularity"}
"""Methods that have nothing to search."""


def search(methods: Iterable[str], root: Path, out: Path, *, trials: int, jobs: int) -> None:
    """Searches for each method of the main table; the first trial is the recipe's defaults."""
    chosen = [method for method in methods if method in METHODS and method not in {*UNTUNED, *TUNED_AS}]
    with ThreadPoolExecutor(jobs) as pool:
        for method, told in zip(chosen, pool.map(lambda m: _one(m, root, out, trials), chosen), strict=True):
            print(f"{method}: {told}", flush=True)
            write(out, trials)


def _one(method: str, root: Path, out: Path, trials: int) -> str:
    recipe, keys = METHODS[method]
    command = [sys.executable, "-m", "foretaste", "tune", recipe, "--data", str(root / DATA)]
    command += ["--trials", str(trials), f"split={SPLIT}", *keys]
    if recipe not in COUNTED:
        command += LOOP
    if recipe in READS:
        command.append(f"text.store={out / 'store' / DATA}")
    return searching.tune(command, out / "tune" / method)


def write(out: Path, trials: int) -> None:
    """Writes the best settings of every finished search."""
    lines = [f"# Best of {trials} trials each on {DATA}, split={SPLIT}, seed 0, by validation NDCG@10."]
    for method in METHODS:
        result = (out / "tune" / method).with_suffix(".json")
        if result.is_file():
            lines += ["", f"[{method}]", *searching.settings(read_json(result)["best"])]
    write_atomic(TUNED, lambda part: part.write_text("\n".join(lines) + "\n", encoding="utf-8"))
