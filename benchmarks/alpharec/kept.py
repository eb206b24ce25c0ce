"""What is kept of a finished run: its metrics, and the rank of every answer among the first twenty.

An answer beyond them counts zero in Recall@20 and NDCG@20, so these few say all that a paired test needs. How many
answers each user has is the same for all runs on one data set and split, and is kept once beside them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.core.files import read_json, write_atomic
from foretaste.evaluation.set_metrics import per_question
from machine import commit, processor

KEPT = Path(__file__).parents[1] / "results" / "alpharec"
CUT = 20


@dataclass(frozen=True)
class Kept:
    """One run's results, and how many answers each user has."""

    about: dict[str, Any]
    sizes: NDArray[np.int64]

    def values(self, metric: str) -> NDArray[np.float64]:
        """``recall@20`` or ``ndcg@20`` of every user, in the order of the split."""
        ranks = np.full(int(self.sizes.sum()), np.inf)
        ranks[np.cumsum(np.array(self.about["hits"]["answers"], dtype=np.int64))] = self.about["hits"]["ranks"]
        name, _, cutoff = metric.partition("@")
        firsts = np.cumsum(self.sizes) - self.sizes
        return per_question(ranks, firsts, (int(cutoff),), (name,))[metric]

    def metric(self, name: str) -> float:
        """One test metric."""
        return float(self.about["metrics"][name])


def keep(run: Path, name: str) -> None:
    """Writes what is kept of a finished run."""
    manifest, metrics = read_json(run / "manifest.json"), read_json(run / "metrics.json")
    rank = pl.read_parquet(run / "per_user.parquet", columns=["rank"])["rank"]
    several = isinstance(rank.dtype, pl.List)
    sizes = rank.list.len().to_list() if several else [1] * len(rank)
    ranks = (rank.explode() if several else rank).to_numpy()
    hit = np.flatnonzero(ranks < CUT)
    place = KEPT / f"{name}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    _keep_sizes(place.parent / "answers.json", sizes)
    about = {
        **{key: manifest[key] for key in ("recipe", "config", "data", "protocol", "versions", "begun", "seconds")},
        "commit": commit("HEAD:src"),
        "machine": processor(),
        "peak_memory_mb": manifest["peak_memory_mb"],
        "valid": metrics["valid"]["metrics"],
        "metrics": metrics["test"]["metrics"],
        "hits": {"answers": np.diff(hit, prepend=0).tolist(), "ranks": [round(float(r), 1) for r in ranks[hit]]},
    }
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in about.items())
    write_atomic(place, lambda part: part.write_text("{\n" + lines + "\n}\n", encoding="utf-8"))


def _keep_sizes(file: Path, sizes: list[int]) -> None:
    """Answers of each user; a run that counts others was measured on something else."""
    if not file.is_file():
        write_atomic(file, lambda part: part.write_text(json.dumps(sizes) + "\n", encoding="utf-8"))
    elif read_json(file) != sizes:
        raise SystemExit(f"{file} has other answers than this run: the data or the split has changed")


def kept(name: str) -> Kept | None:
    """What was kept of a run, or None."""
    place = KEPT / f"{name}.json"
    if not place.is_file():
        return None
    return Kept(read_json(place), np.array(read_json(place.parent / "answers.json"), dtype=np.int64))
