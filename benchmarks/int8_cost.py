"""What encoding with int8 instead of fp32 costs in the quality of recommendations.

``python benchmarks/int8_cost.py`` reads the catalogue with all-MiniLM-L6-v2 both ways and trains on both: TextKNN,
which has no weights and so shows nothing but the vectors, and LLM2X, whose item vectors start from them.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import polars as pl

from foretaste.core.files import read_json
from foretaste.evaluation.significance import compare_paired
from foretaste.recipes.train import train_run
from machine import ROOT, heading, load, table
from parts import data_folder

WAYS = {"fp32": ["text.int8=false"], "int8": ["text.int8=true"]}
PROTOCOL = "leave-one-out, full ranking, test; p: paired t-test over users (means over seeds), int8 against fp32"


def ndcg(run: Path) -> np.ndarray:
    """NDCG@10 of every test target."""
    ranks = pl.read_parquet(run / "per_user.parquet")["rank"].to_numpy()
    return np.where(ranks < 10, 1 / np.log2(np.minimum(ranks, 10) + 2), 0.0)


def measure(data: str, recipe: str, seeds: range, out: Path) -> list[list[str]]:
    """Two lines: both ways of one recipe on one data set."""
    found: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
    hits: dict[str, list[float]] = {way: [] for way in WAYS}
    for way, keys in WAYS.items():
        for seed in seeds:
            run = out / data / f"{recipe}-{way}-{seed}"
            store = f"text.store={out / data / 'store'}"
            train_run(
                recipe, data_folder(str(Path(os.environ["FORETASTE_DATA"]) / data)), run, [*keys, store, f"seed={seed}"]
            )
            found[way].append(ndcg(run))
            hits[way].append(read_json(run / "metrics.json")["test"]["metrics"]["hr@10"])
    means = {way: np.mean(values, axis=0) for way, values in found.items()}
    paired = compare_paired(means["fp32"], means["int8"], samples=1000)
    lines = []
    for way in WAYS:
        said = [f"{paired.difference / means['fp32'].mean():+.2%}", f"{paired.p_t:.2f}"] if way == "int8" else ["", ""]
        lines.append(
            [data, recipe, way, f"{np.mean(hits[way]):.4f}", f"{means[way].mean():.4f}", *said, str(len(seeds))]
        )
    return lines


def main() -> None:
    """Trains what is missing and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="*", default=["amazon_scientific", "amazon_beauty"])
    parser.add_argument("--seeds", type=int, default=3, help="of the recipes that have any")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "int8")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "int8_cost.txt")
    asked = parser.parse_args()
    before = load()
    lines = [["data", "recipe", "encoder", "HR@10", "NDCG@10", "difference", "p", "seeds"]]
    for data in asked.data:
        lines += measure(data, "textknn", range(1), asked.runs)
        lines += measure(data, "llm2x", range(asked.seeds), asked.runs)
    text = heading("What int8 costs in NDCG: all-MiniLM-L6-v2 read in fp32 and in int8", PROTOCOL, before) + table(
        lines
    )
    asked.out.write_text("\n".join(text) + "\n", encoding="utf-8")
    print(asked.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
