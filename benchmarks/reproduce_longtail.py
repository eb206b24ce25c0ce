"""LLM-ESR, LLMEmb and their baselines on three backbones: the table of benchmarks/results/longtail.txt.

    FORETASTE_DATA=DIR python benchmarks/reproduce_longtail.py [--jobs 2] [--out runs/longtail] [--only llmesr …]
    FORETASTE_DATA=DIR python benchmarks/reproduce_longtail.py --tune 4

Every cell is a run folder made by ``foretaste train``. What the table needs of a finished run is kept as text under
benchmarks/results/longtail, and a cell that is kept there is not run again, so the command may be stopped at any time
and go on on another machine. ``--tune`` searches learning rate and dropout of every method on SASRec with the
same number of trials on amazon_scientific, seed 0, validation only, and writes benchmarks/longtail/tuned.toml.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from batch import each, pick
from longtail import tuning
from longtail.derived import derive
from longtail.kept import keep, kept
from longtail.plan import Cell, cells, preparations
from longtail.scft import keep_scft, scft_lines
from longtail.table import table
from machine import heading, load
from quiet import run

RESULT = Path(__file__).parent / "results" / "longtail.txt"
PROTOCOL = """leave-one-out (last item test, last but one validation), full ranking over the catalogue, items of the
          history left out of the ranking, ties count half, selection on validation NDCG@10, test read once. Groups
          show NDCG@10; item head = the 20 % most popular items of the training part, user head = the 20 % longest
          histories. plain starts from spectral vectors (the library's default), plain-random from random ones (the
          papers' way). llmesr and llmemb serve with a content term, debiasing and (llmesr) a router, chosen on
          validation: the best for tail items of those that give up at most 2 % of NDCG@10; llmesr-network and
          llmemb-network are the same networks without them (the papers' models), and plain-content is plain with
          the content term and debiasing. All methods share loss (full softmax), loop, text encoder
          (all-MiniLM-L6-v2, 22.7 M parameters; SCFT: one pass over the catalogue) and budget of tuning: three
          trials of learning rate and dropout each with SASRec on amazon_scientific, seed 0, the recipe's defaults
          among them; with GRU4Rec and BERT4Rec every method runs with its recipe's defaults and had no trials (llmesr's
          default there, no cross-attention under GRU4Rec, was itself chosen on these validation targets). vs plain:
          relative gain in NDCG@10; p: paired t-test over users, means over seeds,
          Holm over the methods of the block; p tail: of tail items alone. seconds: training on one thread beside other
          work, stages that runs share (encoding, SCFT, SAID's and TSLRec's vectors, LLMEmb's collaborative model; the
          plain run where CITIES, and MELT but for amazon_scientific, start from it) left out; runs since ab993db have a
          softmax that takes three quarters of the time."""


def train(cell: Cell, root: Path, out: Path) -> str:
    """Trains and keeps one cell unless it is kept; says how it ended."""
    if kept(cell.name):
        return f"{cell.name}: kept"
    if not run(cell.command(root, out), (out / cell.name).with_suffix(".log")):
        return f"{cell.name}: FAILED, see {(out / cell.name).with_suffix('.log')}"
    keep(out / cell.name, cell.name)
    return f"{cell.name}: done"


def prepare(data: str, root: Path, out: Path, wanted: set[str]) -> None:
    """Makes what the wanted methods share on a data set."""
    for made in preparations(data, root, out):
        if made.method in wanted and not (made.folder / "manifest.json").is_file():
            done = run(made.command, made.folder.with_suffix(".log"))
            print(f"{made.folder}: {'done' if done else 'FAILED'}", flush=True)
    keep_scft(data, out)


def write() -> None:
    """Writes the table of everything kept."""
    lines = heading("The long tail: LLM-ESR, LLMEmb and their baselines", PROTOCOL, LOAD) + table() + scft_lines()
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


LOAD = load()


def main() -> None:
    """Runs what is missing and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, one thread each")
    parser.add_argument("--out", type=Path, default=Path("runs/longtail"), help="where run folders lie")
    parser.add_argument("--only", nargs="*", default=[], help="data sets, backbones, methods or seeds; default: all")
    parser.add_argument("--tune", type=int, default=0, help="search with so many trials each instead of running")
    asked = parser.parse_args()
    if not os.environ.get("FORETASTE_DATA"):
        sys.exit("FORETASTE_DATA is not set: there is no data to run on")
    root = Path(os.environ["FORETASTE_DATA"])
    chosen = pick(cells(), asked.only, lambda cell: (cell.data, cell.backbone, cell.method, str(cell.seed)))
    if asked.tune:
        prepare(tuning.DATA, root, asked.out, {c.base for c in chosen})
        wanted = [c for c in chosen if (c.data, c.backbone, c.seed) == (tuning.DATA, "sasrec", 0)]
        tuning.search(wanted, root, asked.out, trials=asked.tune, jobs=asked.jobs)
        return
    for data in dict.fromkeys(c.data for c in chosen):
        missing = [c for c in chosen if c.data == data and not kept(c.name)]
        prepare(data, root, asked.out, {c.base for c in missing})
        each(asked.jobs, missing, lambda c: train(c, root, asked.out), write)
        for told in filter(None, (derive(c, root, asked.out) for c in chosen if c.data == data)):
            print(told, flush=True)
    write()
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
