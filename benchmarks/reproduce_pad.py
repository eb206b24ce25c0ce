"""PAD, its experts one by one, its ablations and its alignment study: the table of benchmarks/results/pad.txt.

    FORETASTE_DATA=DIR python benchmarks/reproduce_pad.py [--jobs 2] [--out runs/pad] [--only pad id text 0 …] [--extra]

Every cell is a run folder made by ``foretaste train pad``. The id and text experts are trained once for a seed, and
the other rows start from them. What the table needs of a finished run is kept as text under benchmarks/results/pad, and
a cell that is kept there is not run again unless another row needs its folder, so the command may be stopped at any
time.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from batch import each, pick
from longtail.kept import keep, kept
from machine import heading, load
from pad.derived import derive
from pad.plan import ALONE, OTHERS, Cell, cells
from pad.table import KEPT, studies, table
from quiet import run

RESULT = Path(__file__).parent / "results" / "pad.txt"
PROTOCOL = """leave-one-out (last item test, last but one validation: PAD's own protocol), full ranking over the
          catalogue, items of the history left out of the ranking, ties count half, selection on validation NDCG@10,
          test read once. Full softmax, spectral start, text encoder all-MiniLM-L6-v2 (22.7 M parameters) but for the
          presets. pad is the recipe as it serves by default: its network and, beside it, the expert that learns
          nothing, weight, floor and prior chosen on validation; pad-network is that network alone (the paper's model),
          id-neighbours and text-neighbours are single experts with the same beside them. All other rows are networks
          alone. vs best: relative gain in NDCG@10 over the better of the id and the text expert alone; p: paired
          t-test over users, means over the same seeds, Holm over the rows. Frequency bins: items by falling frequency,
          each bin a tenth of the training interactions. Beside the long tail's methods: those runs are longtail.txt's,
          with its protocol; they had three trials each on amazon_scientific, PAD runs with its recipe's defaults,
          which were chosen on amazon_prime_pantry's validation targets. seconds: training on one thread beside other
          work; rows that start from the runs id and text leave theirs out."""


def train(cell: Cell, root: Path, out: Path, wanted: bool) -> str:
    """Trains and keeps one cell unless that is done; says how it ended."""
    log = (out / cell.name).with_suffix(".log")
    if kept(cell.name, KEPT) and not (wanted and not (out / cell.name / "manifest.json").is_file()):
        return " ".join([f"{cell.name}: kept", derive(cell, root, out)])
    if not run(cell.command(root, out), log):
        return f"{cell.name}: FAILED, see {log}"
    if not kept(cell.name, KEPT):
        keep(out / cell.name, cell.name, into=KEPT, more=lambda test: studies(out / cell.name, test))
    return " ".join([f"{cell.name}: done", derive(cell, root, out)])


def write() -> None:
    """Writes the table of everything kept."""
    lines = heading("PAD: experts, ablations, alignment study", PROTOCOL, LOAD) + table()
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


LOAD = load()


def main() -> None:
    """Runs what is missing and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, one thread each")
    parser.add_argument("--out", type=Path, default=Path("runs/pad"), help="where run folders lie")
    parser.add_argument("--only", nargs="*", default=[], help="data sets, rows or seeds; default: all")
    parser.add_argument("--extra", action="store_true", help="also the rows that the paper does not ask about")
    asked = parser.parse_args()
    if not os.environ.get("FORETASTE_DATA"):
        sys.exit("FORETASTE_DATA is not set: there is no data to run on")
    root = Path(os.environ["FORETASTE_DATA"])
    chosen = pick(cells(extra=asked.extra), asked.only, lambda cell: (cell.data, cell.row, str(cell.seed)))
    lenders = needed(chosen)
    first = [cell for cell in cells() if cell.row in ALONE and (cell in chosen or cell.name in lenders)]
    for work in (first, [cell for cell in chosen if cell.row not in ALONE]):
        missing = [cell for cell in work if not kept(cell.name, KEPT) or cell.name in lenders]
        for some, after in (([cell for cell in work if cell not in missing], lambda: None), (missing, write)):
            each(asked.jobs, some, lambda cell: train(cell, root, asked.out, cell.name in lenders), after)
    write()
    print(RESULT.read_text(encoding="utf-8"))


def needed(chosen: list[Cell]) -> set[str]:
    """Runs whose folders the rows that are still to be run start from."""
    missing = [c for c in chosen if c.row not in ALONE and c.row not in OTHERS and not kept(c.name, KEPT)]
    return {Cell(c.data, row, c.seed).name for c in missing for row in ALONE}


if __name__ == "__main__":
    main()
