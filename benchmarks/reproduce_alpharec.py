"""AlphaRec, its ablations and its baselines: the tables of benchmarks/results/alpharec.txt.

    FORETASTE_DATA=DIR python benchmarks/reproduce_alpharec.py [--jobs 2] [--part main linear zero]
    FORETASTE_DATA=DIR python benchmarks/reproduce_alpharec.py --only amazon_beauty ratio alpharec lightgcn-infonce 0
    FORETASTE_DATA=DIR python benchmarks/reproduce_alpharec.py --tune 8

Every cell is a run folder made by ``foretaste train``. What the tables need of a finished run is kept as text under
benchmarks/results/alpharec. A cell that is kept there is not run again unless its settings or a default have changed
since, so the command may be stopped at any time and go on on another machine. ``--tune`` searches every method's own
space with the same number of trials on amazon_prime_pantry, split=ratio, seed 0, validation only, and writes
benchmarks/alpharec/tuned.toml. Elsewhere what was found there and the recipe's defaults are both run with the first
seed, and the better one on validation is taken.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from alpharec import tuning
from alpharec.kept import keep
from alpharec.plan import Cell, linear_cells, main_cells, zero_shot_cells
from alpharec.table import tables
from batch import each, pick
from machine import heading, load
from quiet import run

RESULT = Path(__file__).parent / "results" / "alpharec.txt"
PARTS = {"main": main_cells, "linear": linear_cells, "zero": zero_shot_cells}
PROTOCOL = """ratio: 4:3:3 of each user's distinct items at random, the same for all runs; held-out items that nobody
          has in training dropped; training items (at the test also validation items) left out of a ranking of the whole
          catalogue; selection on validation NDCG@20. leave-one-out: last item test, last but one validation, items of
          the history left out; selection on validation NDCG@10. Settings: three trials for each method on
          amazon_prime_pantry, ratio; elsewhere those or the recipe's defaults, by validation of the first seed. Ties
          count half, the test is read once. Text of the main table: the catalogue's columns through all-MiniLM-L6-v2;
          of the linear study and zero-shot: titles alone.
          p: paired t-test over users, means over seeds, Holm over a block. seconds: training on one thread."""


def train(cell: Cell, root: Path, out: Path) -> str:
    """Trains and keeps one cell unless it is kept; says how it ended."""
    if cell.kept():
        return f"{cell.name}: kept"
    for needed in cell.needs:
        if not (out / needed.name / "manifest.json").is_file() and not run(
            needed.command(root, out), _log(needed, out)
        ):
            return f"{cell.name}: FAILED before it began, see {_log(needed, out)}"
    if not run(cell.command(root, out), _log(cell, out)):
        return f"{cell.name}: FAILED, see {_log(cell, out)}"
    keep(out / cell.name, cell.name)
    return f"{cell.name}: done"


def ensure(cell: Cell, root: Path, out: Path) -> bool:
    """Trains a run that others need unless it is there; whether it then is."""
    return (out / cell.name / "manifest.json").is_file() or run(cell.command(root, out), _log(cell, out))


def _log(cell: Cell, out: Path) -> Path:
    return (out / cell.name).with_suffix(".log")


def prepare(cells: Iterable[Cell], root: Path, out: Path) -> None:
    """Tunes MiniLM on the catalogues whose linear study needs it."""
    for data in dict.fromkeys(cell.data for cell in cells if cell.method == "linear-scft"):
        folder = out / "scft" / data
        if not (folder / "manifest.json").is_file():
            where = ["--data", str(root / data), "--out", str(folder)]
            done = run([sys.executable, "-m", "foretaste", "text", "tune", *where], folder.with_suffix(".log"))
            print(f"{folder}: {'done' if done else 'FAILED'}", flush=True)


def write() -> None:
    """Writes the tables of everything kept."""
    lines = heading("AlphaRec, its ablations and its baselines", PROTOCOL, LOAD) + tables()
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


LOAD = load()


def wanted(asked: argparse.Namespace) -> list[Cell]:
    """The runs that are asked for, as far as they are settled."""
    everything = [cell for part in asked.part for cell in PARTS[part]()]
    return pick(everything, asked.only, lambda cell: (cell.data, cell.split, cell.row, str(cell.seed)))


def main() -> None:
    """Runs what is missing and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, one thread each")
    parser.add_argument("--out", type=Path, default=Path("runs/alpharec"), help="where run folders lie")
    parser.add_argument("--part", nargs="*", default=list(PARTS), choices=list(PARTS), help="which tables")
    parser.add_argument("--only", nargs="*", default=[], help="data sets, splits, methods or seeds; default: all")
    parser.add_argument("--tune", type=int, default=0, help="search with so many trials each instead of running")
    asked = parser.parse_args()
    if not os.environ.get("FORETASTE_DATA"):
        sys.exit("FORETASTE_DATA is not set: there is no data to run on")
    root = Path(os.environ["FORETASTE_DATA"])
    if asked.tune:
        methods = dict.fromkeys(cell.row for cell in wanted(asked))
        tuning.search(methods, root, asked.out, trials=asked.tune, jobs=asked.jobs)
        return
    before: list[Cell] = []
    while (missing := [cell for cell in wanted(asked) if not cell.kept()]) and missing != before:
        prepare(missing, root, asked.out)
        for needed in dict.fromkeys(needed for cell in missing for needed in cell.needs):
            print(f"{needed.name}: {'there' if ensure(needed, root, asked.out) else 'FAILED'}", flush=True)
        each(asked.jobs, missing, lambda cell: train(cell, root, asked.out), write)
        before = missing  # what is chosen by these runs asks for more of them
    write()
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
