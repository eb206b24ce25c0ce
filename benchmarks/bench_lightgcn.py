"""Seconds of a training epoch of LightGCN: Foretaste and RecBole, one after the other.

``python benchmarks/bench_lightgcn.py`` runs what has no finished result yet and writes the table; results lie beside
it as JSON. ``--only foretaste`` runs one of the two.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

from machine import ROOT, heading, load, table
from parts import Part, chosen, data_folder, run

RESULTS = ROOT / "benchmarks" / "results"
PARTS = (Part("foretaste", "foretaste", driver="lightgcn"), Part("recbole", "recbole", driver="lightgcn"))
NOTES = (
    "seconds: the median of the epochs that count; one comes before them; evaluation and checkpoints are left out.",
    "Both train with BPR and one uniform negative that the user does not have, drawn while a batch is made.",
    "ndcg@10: validation, after the last epoch, over the whole catalogue, training items masked: that both learn.",
)


def rows(found: dict[str, dict[str, Any]]) -> list[list[str]]:
    """The table's cells."""
    base = statistics.median(found["foretaste"]["epoch_seconds"]) if "foretaste" in found else None
    out = [["part", "seconds", "x", "fastest", "slowest", "interactions/s", "last loss", "ndcg@10", "load"]]
    for name, result in found.items():
        seconds = result["epoch_seconds"]
        middle = statistics.median(seconds)
        out.append(
            [
                name,
                f"{middle:.2f}",
                f"{middle / base:.1f}" if base else "-",
                f"{min(seconds):.2f}",
                f"{max(seconds):.2f}",
                f"{result['interactions'] / middle:,.0f}",
                f"{result['losses'][-1]:.4f}",
                f"{result['metrics']['ndcg@10']:.4f}",
                f"{result['load_before']:.1f}",
            ]
        )
    return out


def main() -> None:
    """Runs the parts and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the data set; default: amazon_beauty of FORETASTE_DATA")
    parser.add_argument("--only", nargs="*", default=[], help="parts by name; default: all")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--users", type=int, help="only the first so many users, to try it out")
    parser.add_argument("--fresh", action="store_true", help="run again what has a result")
    parser.add_argument("--out", type=Path, default=RESULTS / "lightgcn.txt")
    options = parser.parse_args()
    data, before = data_folder(options.data), load()
    common = {name: getattr(options, name) for name in ("epochs", "threads", "seed", "users")} | {"data": data}
    found: dict[str, dict[str, Any]] = {}
    for part in chosen(PARTS, options.only):
        kept = options.out.with_suffix("") / f"{part.name}.json"
        kept.parent.mkdir(parents=True, exist_ok=True)
        if result := run(part, common, kept, fresh=options.fresh):
            found[part.name] = result
    if not found:
        return
    protocol = (
        f"LightGCN d=64, 2 layers, BPR, Adam at 1e-3, batches of 2,048 interactions; training part of leave-one-out; "
        f"{options.threads} threads; {options.epochs} epochs; seed {options.seed}"
    )
    versions = [f"{name}: {', '.join(f'{k} {v}' for k, v in one['versions'].items())}" for name, one in found.items()]
    lines = [*heading(f"An epoch of LightGCN on {data.name}", protocol, before), *table(rows(found)), ""]
    options.out.write_text("\n".join([*lines, *NOTES, "", *versions]) + "\n", encoding="utf-8")
    print(options.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
