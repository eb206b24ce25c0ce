"""A search for every method in its own space, with the same number of trials, on one data set."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from alpharec.plan import METHODS, READS, TUNED
from foretaste.core.files import read_json, write_atomic, write_json
from quiet import ask

DATA = "amazon_prime_pantry"
UNTUNED = {"popularity"}
"""Methods that have nothing to search."""


def search(methods: Iterable[str], root: Path, out: Path, *, trials: int, jobs: int) -> None:
    """Searches for each method of the main table; the first trial is the recipe's defaults."""
    chosen = [method for method in methods if method in METHODS and method not in UNTUNED]
    with ThreadPoolExecutor(jobs) as pool:
        for method, told in zip(chosen, pool.map(lambda m: _one(m, root, out, trials), chosen), strict=True):
            print(f"{method}: {told}", flush=True)
            write(out, trials)


def _one(method: str, root: Path, out: Path, trials: int) -> str:
    recipe, keys = METHODS[method]
    folder = out / "tune" / method
    command = [sys.executable, "-m", "foretaste", "tune", recipe, "--data", str(root / DATA), "--out", str(folder)]
    command += ["--trials", str(trials), "--json", "split=ratio", *keys]
    if recipe in READS:
        command.append(f"text.store={out / 'store' / DATA}")
    found = ask(command, folder.with_suffix(".log"))
    if found is None:
        return f"FAILED, see {folder.with_suffix('.log')}"
    write_json(folder.with_suffix(".json"), found)
    return str(found["valid"])


def write(out: Path, trials: int) -> None:
    """Writes the best settings of every finished search."""
    lines = [f"# Best of {trials} trials each on {DATA}, split=ratio, seed 0, by validation NDCG@10."]
    for method in METHODS:
        result = (out / "tune" / method).with_suffix(".json")
        if result.is_file():
            lines += ["", f"[{method}]", *(f'"{k}" = {_short(v)}' for k, v in read_json(result)["best"].items())]
    write_atomic(TUNED, lambda part: part.write_text("\n".join(lines) + "\n", encoding="utf-8"))


def _short(value: Any) -> str:
    return json.dumps(float(f"{value:.3g}") if isinstance(value, float) else value)
