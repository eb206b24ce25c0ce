"""What is kept of a finished run: its metrics, and every hit, so that users can be paired without the run's folder.

A target outside the first ten places counts zero in HR@10 and NDCG@10, so the few targets inside them say all that a
paired test of these two needs. Kept results are text under ``benchmarks/results``; a comparison that takes days can
go on from them on another machine.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.core.files import read_json, write_atomic
from foretaste.data.dataset import Dataset
from foretaste.evaluation.evaluate import Evaluation
from foretaste.evaluation.groups import head_items
from foretaste.recipes.splitting import make_split
from machine import commit, processor

KEPT = Path(__file__).parents[1] / "results" / "longtail"
CUT = 10


@dataclass(frozen=True)
class Kept:
    """One run's results."""

    about: dict[str, Any]

    def ndcg(self, *, tail: bool = False) -> NDArray[np.float64]:
        """NDCG@10 of every test target, in the order of the split; with ``tail``, zero where it is a head item."""
        out, hits = np.zeros(self.about["targets"]), self.about["hits"]
        gains = 1.0 / np.log2(np.array(hits["ranks"], dtype=np.float64) + 2.0)
        out[np.cumsum(np.array(hits["targets"], dtype=np.int64))] = gains * hits["tail"] if tail else gains
        return out

    def metric(self, *path: str) -> float:
        """One metric, by its path: ``("metrics", "ndcg@10")`` or ``("groups", "items", "tail", "ndcg@10")``."""
        found: Any = self.about
        for key in path:
            found = found[key]
        return float(found)

    @property
    def seconds(self) -> float:
        """Seconds of training."""
        return float(self.about["seconds"]["train"])


def keep(
    run: Path,
    name: str,
    found: Evaluation | None = None,
    *,
    into: Path = KEPT,
    more: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Kept:
    """Writes what is kept of a finished run, or of its model measured in another way.

    Args:
        run: The run.
        name: Under which name.
        found: The other measurement.
        into: Where.
        more: What else is kept, from the report on the test targets.
    """
    manifest = read_json(run / "manifest.json")
    test = read_json(run / "metrics.json")["test"] if found is None else found.as_json()
    rows = pl.read_parquet(run / "per_user.parquet", columns=["item_id", "rank"]) if found is None else found.per_user
    ranks = rows["rank"].to_numpy()
    hit = np.flatnonzero(ranks < CUT)
    hits = {
        "targets": np.diff(hit, prepend=0).tolist(),
        "ranks": [round(float(r), 1) for r in ranks[hit]],
        "tail": tail_items(Path(read_json(run / "run.json")["data"]["path"]), rows["item_id"][hit])
        .astype(int)
        .tolist(),
    }
    about = {
        "recipe": manifest["recipe"],
        "config": manifest["config"],
        "data": manifest["data"],
        "protocol": manifest["protocol"],
        "versions": manifest["versions"],
        "commit": commit("HEAD:src"),
        "machine": processor(),
        "begun": manifest["begun"],
        "seconds": manifest["seconds"],
        "peak_memory_mb": manifest["peak_memory_mb"],
        "valid": manifest["metrics"]["valid"],
        "metrics": test["metrics"],
        "groups": {kind: {g: test["groups"][kind][g] for g in ("head", "tail")} for kind in ("items", "users")},
        "targets": len(ranks),
        "hits": hits,
    }
    if more is not None:
        about |= more(test)
    place = into / f"{name}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in about.items())
    write_atomic(place, lambda part: part.write_text("{\n" + lines + "\n}\n", encoding="utf-8"))
    return Kept(about)


def tail_items(data: Path, items: pl.Series) -> NDArray[np.bool_]:
    """Which of these are tail items, as every report counts them."""
    dataset = Dataset.load(data)
    head = head_items(make_split(dataset, "leave-one-out").train.counts(dataset.num_items))
    dense = {raw: place for place, raw in enumerate(dataset.items)}
    return np.array([not head[dense[raw]] for raw in items], dtype=np.bool_)


def kept(name: str, into: Path = KEPT) -> Kept | None:
    """What was kept of a run, or None."""
    place = into / f"{name}.json"
    return Kept(read_json(place)) if place.is_file() else None
