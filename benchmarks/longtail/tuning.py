"""The same search for every method, on SASRec: learning rate and dropout, a stated number of trials."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from foretaste.core.files import read_json, write_atomic
from longtail.plan import METHODS, TUNED, Cell
from searching import settings, tune

DATA = "amazon_scientific"
SPACE = """dropout = { low = 0.1, high = 0.6 }
"train.lr" = { low = 7e-4, high = 6e-3, log = true }
"""


def search(work: list[Cell], root: Path, out: Path, *, trials: int, jobs: int) -> None:
    """Searches for each of these cells; the first trial is the recipe's defaults."""
    space = out / "tune" / "space.toml"
    space.parent.mkdir(parents=True, exist_ok=True)
    space.write_text(SPACE, encoding="utf-8")
    with ThreadPoolExecutor(jobs) as pool:
        for cell, told in zip(work, pool.map(lambda c: _one(c, root, out, space, trials), work), strict=True):
            print(f"{cell.method} {cell.backbone}: {told}", flush=True)
            write(out)


def _one(cell: Cell, root: Path, out: Path, space: Path, trials: int) -> str:
    keys = [key for key in cell.keys(out) if not key.startswith(("dropout=", "train.lr="))]
    if cell.method != "llmemb":  # said in words, or the first trial could not be the default
        keys.append("dropout=0.5")
    command = [sys.executable, "-m", "foretaste", "tune", cell.recipe(), "--data", str(root / DATA)]
    command += ["--trials", str(trials), "--space", str(space), *keys]
    return tune(command, _folder(cell, out))


def _folder(cell: Cell, out: Path) -> Path:
    return out / "tune" / f"{cell.method}-{cell.backbone}"


def write(out: Path) -> None:
    """Writes the best settings of every finished search beside those that were found before."""
    text = TUNED.read_text(encoding="utf-8") if TUNED.is_file() else ""
    found = {block.partition("]")[0]: block.strip() for block in text.split("\n[")[1:]}
    for method in METHODS:
        result = _folder(Cell(DATA, "sasrec", method, 0), out).with_suffix(".json")
        if result.is_file():
            found[f"{method}.sasrec"] = _block(f"{method}.sasrec", read_json(result))
    head = f"# Best of the same number of trials each on {DATA}, seed 0, by validation NDCG@10; see tuning.py."
    lines = "\n\n[".join([head, *found.values()])
    write_atomic(TUNED, lambda part: part.write_text(lines + "\n", encoding="utf-8"))


def _block(name: str, result: dict[str, Any]) -> str:
    score = f"# validation NDCG@10 {result['valid']['ndcg@10']:.4f}, {len(result['trials'])} trials"
    return "\n".join([f"{name}]", score, *settings(result["best"])])
