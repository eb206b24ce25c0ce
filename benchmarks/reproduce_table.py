"""All models on all data sets under one protocol: the table of benchmarks/results/table.txt.

    FORETASTE_DATA=DIR python benchmarks/reproduce_table.py [--jobs 2] [--out runs/table] [--only sasrec amazon_beauty]

Every cell is a run folder made by ``foretaste train`` with the recipe's defaults (and what SETTINGS says); finished
ones are read, not trained again, so the command may be stopped and started at any time. Each job has one thread, so
that seconds mean the same in every cell. The table is written again after every run.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from batch import each, pick
from foretaste.core.files import read_json, write_atomic
from machine import heading, load
from quiet import run

RESULT = Path(__file__).parent / "results" / "table.txt"
MODELS = ("popularity", "itemknn", "transitions", "mf", "lightgcn", "gru4rec", "bert4rec", "sasrec")
VARIANTS: dict[str, tuple[str, list[str]]] = {
    "sasrec-bce": ("sasrec", ["init=random", "loss=bce", "negatives=1", "train.patience=20"])
}
"""Rows that are a model under other keys."""
SEEDS = {"amazon_beauty": 3, "amazon_scientific": 3, "amazon_prime_pantry": 3, "amazon_games": 1, "movielens_100k": 1}
SETTINGS: dict[tuple[str, str], list[str]] = {
    ("sasrec", "movielens_100k"): ["max_len=100", "dropout=0.3"],
    ("gru4rec", "movielens_100k"): ["max_len=100", "dropout=0.3"],
    ("bert4rec", "movielens_100k"): ["max_len=100", "dropout=0.3"],
}
"""Keys that differ from the defaults, chosen on validation."""
FIXED = {"popularity", "itemknn", "transitions"}
"""Nothing in them is random, so one seed says all."""


@dataclass(frozen=True)
class Cell:
    """One run."""

    model: str
    data: str
    seed: int

    @property
    def name(self) -> str:
        """Folder of the run."""
        return f"{self.data}/{self.model}-{self.seed}"

    def command(self, root: Path, out: Path) -> list[str]:
        """What trains it."""
        recipe, keys = VARIANTS.get(self.model, (self.model, []))
        keys = [*keys, *SETTINGS.get((recipe, self.data), []), f"seed={self.seed}"]
        tail = ["--data", str(root / self.data), "--out", str(out / self.name), *keys]
        return [sys.executable, "-m", "foretaste", "train", recipe, *tail]


def cells() -> list[Cell]:
    """All runs, the long ones first, so that no core waits for the other at the end."""
    order = ("amazon_games", "amazon_beauty", "amazon_prime_pantry", "amazon_scientific", "movielens_100k")
    rows = {d: (*VARIANTS, *reversed(MODELS)) if d == "amazon_beauty" else (*reversed(MODELS),) for d in order}
    return [Cell(m, d, s) for d in order for m in rows[d] for s in range(1 if m in FIXED else SEEDS[d])]


def train(cell: Cell, root: Path, out: Path) -> str:
    """Trains one cell unless it is there; says how it ended."""
    folder = out / cell.name
    if (folder / "manifest.json").is_file():
        return f"{cell.name}: there"
    done = run(cell.command(root, out), folder.with_suffix(".log"))
    return f"{cell.name}: {'done' if done else 'FAILED, see its .log'}"


def summary(out: Path, model: str, data: str) -> dict[str, Any] | None:
    """Means over the finished seeds of one row, or None when there are none."""
    folders = [f for f in sorted((out / data).glob(f"{model}-[0-9]*")) if (f / "manifest.json").is_file()]
    if not folders:
        return None
    tests = [read_json(f / "metrics.json")["test"] for f in folders]
    manifests = [read_json(f / "manifest.json") for f in folders]
    scores = [t["metrics"]["ndcg@10"] for t in tests]
    groups = {(kind, name): mean(t["groups"][kind][name]["ndcg@10"] for t in tests) for kind, name in GROUPS}
    return {
        "seeds": len(folders),
        "hr": mean(t["metrics"]["hr@10"] for t in tests),
        "ndcg": mean(scores),
        "std": stdev(scores) if len(scores) > 1 else 0.0,
        "groups": groups,
        "seconds": mean(m["seconds"]["train"] for m in manifests),
        "protocol": tests[0]["protocol"],
    }


GROUPS = (("items", "head"), ("items", "tail"), ("users", "head"), ("users", "tail"))


def table(out: Path) -> str:
    """The table of everything that is finished."""
    lines = heading("All models on all data sets", PROTOCOL, LOAD)
    for data in SEEDS:
        rows = {m: summary(out, m, data) for m in (*MODELS, *VARIANTS)}
        found = {m: row for m, row in rows.items() if row}
        if not found:
            continue
        protocol = next(iter(found.values()))["protocol"]
        lines += ["", f"{data}: {protocol['evaluated_users']:,} users asked, {protocol['num_candidates']:,} candidates"]
        columns = [f"{k[:-1]}:{n}" for k, n in GROUPS]
        lines.append(
            f"  {'model':14} {'HR@10':>7} {'NDCG@10':>9} {'±':>6} "
            + " ".join(f"{c:>10}" for c in columns)
            + f" {'seconds':>8} {'seeds':>5}"
        )
        lines += [_line(m, row) for m, row in found.items()]
    return "\n".join(lines) + "\n"


def _line(model: str, row: dict[str, Any]) -> str:
    groups = " ".join(f"{row['groups'][key]:10.4f}" for key in GROUPS)
    return (
        f"  {model:14} {row['hr']:7.4f} {row['ndcg']:9.4f} {row['std']:6.4f} {groups} "
        f"{row['seconds']:8.1f} {row['seeds']:5}"
    )


LOAD = load()
PROTOCOL = """leave-one-out (last item test, last but one validation), full ranking over the catalogue,
          items of the history left out of the ranking, ties count half, a target seen before is a miss,
          selection on validation NDCG@10, test read once. Groups show NDCG@10; item head = the 20 % most popular
          items of the training part, user head = the 20 % longest histories. Settings: the recipes' defaults,
          except where SETTINGS in the script says otherwise; sasrec-bce starts from a random item table and has
          the paper's loss with one negative, which learns so slowly that it is stopped after 20 epochs without a
          gain, the others after 5. seconds: training on one thread, two runs at a time. Seeds 0, 1, 2, or as many
          as the last column says."""


def main() -> None:
    """Runs what is missing and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    parser.add_argument("--out", type=Path, default=Path("runs/table"), help="where run folders lie")
    parser.add_argument("--only", nargs="*", default=[], help="models, data sets or seeds; default: all")
    asked = parser.parse_args()
    root = os.environ.get("FORETASTE_DATA")
    if not root:
        sys.exit("FORETASTE_DATA is not set: there is no data to run on")
    chosen = pick(cells(), asked.only, lambda cell: (cell.model, cell.data, str(cell.seed)))
    each(
        asked.jobs,
        chosen,
        lambda cell: train(cell, Path(root), asked.out),
        lambda: write_atomic(RESULT, lambda part: part.write_text(table(asked.out), encoding="utf-8")),
    )
    print(table(asked.out))


if __name__ == "__main__":
    main()
