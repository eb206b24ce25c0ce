"""The race: a training clock that stands still during evaluation, and the curve it leaves behind."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from protocol import Log, evaluate

Vectors = Callable[[], tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]]
"""Gives user vectors, item vectors, and which items the library knows (None: all)."""


def arguments(library: str) -> argparse.ArgumentParser:
    """The command line that every driver shares."""
    parser = argparse.ArgumentParser(description=f"SASRec of {library}: seconds to a given validation NDCG@10")
    parser.add_argument("--data", required=True, help="a folder in the tidy form, for example amazon_beauty")
    parser.add_argument("--task", choices=("train", "evaluate"), default="train")
    parser.add_argument("--target", type=float, default=0.035, help="validation NDCG@10 at which the clock stops")
    parser.add_argument("--max-seconds", type=float, default=3600.0, help="training seconds after which it gives up")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where the result is written, as JSON")
    parser.add_argument("--users", type=int, help="only the first so many users, to try the driver out")
    parser.add_argument("--checks", type=int, default=2, help="evaluations in each epoch, outside the clock")
    return parser


def peer_arguments(library: str, losses: tuple[str, ...], batch_size: int, dropout: float) -> argparse.ArgumentParser:
    """The same with the settings of a peer; the first loss is the default."""
    parser = arguments(library)
    parser.add_argument("--loss", choices=losses, default=losses[0])
    parser.add_argument("--batch-size", type=int, default=batch_size)
    parser.add_argument("--dropout", type=float, default=dropout)
    parser.add_argument("--lr", type=float, default=1e-3)
    return parser


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """A peer's settings, to stand beside its result."""
    names = ("loss", "batch_size", "dropout", "lr", "negatives", "bucket")
    return {name: getattr(options, name) for name in names if hasattr(options, name)}


def prepare(options: argparse.Namespace) -> Log:
    """Fixes threads and seed and reads the data."""
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    return Log.load(options.data, options.users)


def peak_rss_mb() -> float:
    """The most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


class Race:
    """Counts training seconds and targets, asks for an evaluation when one is due, and says when to stop."""

    def __init__(
        self, library: str, package: str, options: argparse.Namespace, log: Log, settings: dict[str, Any]
    ) -> None:
        self.options = options
        self.log = log
        self.targets = 0
        self.done = False
        self._born = time.perf_counter()
        self._seconds = 0.0
        self._since: float | None = None
        self._mark = (0, 0.0)
        self._due = log.targets_per_epoch / options.checks
        self.result: dict[str, Any] = {
            "library": library,
            "versions": {package: version(package), "torch": torch.__version__, "python": platform.python_version()},
            "data": log.name,
            "users": log.num_users,
            "items": log.num_items,
            "target": options.target,
            "seed": options.seed,
            "threads": options.threads,
            "settings": settings,
            "curve": [],
        }

    def __deepcopy__(self, memo: dict[int, Any]) -> Race:
        """There is one clock: a library that copies its trainer copies a reference to it."""
        return self

    def start(self) -> None:
        """Starts the training clock."""
        self.result["prepare_seconds"] = round(time.perf_counter() - self._born, 2)
        self._since = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Training seconds so far, evaluation left out."""
        return self._seconds + (time.perf_counter() - self._since if self._since is not None else 0.0)

    def step(self, targets: int, vectors: Vectors) -> bool:
        """Counts one training step's targets, evaluates when it is time to, and says whether the race is over."""
        self.targets += targets
        late = self.seconds >= self.options.max_seconds
        if self.targets >= self._due or late:
            self._due = self.targets + self.log.targets_per_epoch / self.options.checks
            self._check(vectors, late)
        return self.done

    def _check(self, vectors: Vectors, late: bool) -> None:
        now, self._seconds, self._since = time.perf_counter(), self.seconds, None
        users, items, known = vectors()
        scores = evaluate(self.log, users, items, known)
        line = {
            "epoch": round(self.targets / self.log.targets_per_epoch, 3),
            "train_seconds": round(self._seconds, 3),
            "targets_per_second": round((self.targets - self._mark[0]) / (self._seconds - self._mark[1]), 1),
            **{name: round(value, 5) for name, value in scores.items()},
            "peak_rss_mb": round(peak_rss_mb(), 1),
            "check_seconds": round(time.perf_counter() - now, 2),
        }
        print(json.dumps(line), flush=True)
        self._mark = (self.targets, self._seconds)
        self.result["curve"].append(line)
        reached = scores["valid_ndcg@10"] >= self.options.target
        self.done = reached or late
        self._write(reached)
        self._since = time.perf_counter()

    def _write(self, reached: bool) -> None:
        self.result |= {
            "finished": self.done,
            "seconds_to_target": round(self._seconds, 3) if reached else None,
            "train_seconds": round(self._seconds, 3),
            "targets_per_second": round(self.targets / self._seconds, 1),
            "best_ndcg@10": max(line["valid_ndcg@10"] for line in self.result["curve"]),
            "peak_rss_mb": round(peak_rss_mb(), 1),
        }
        save(self.options.out, self.result)


def save(path: Path | None, result: dict[str, Any]) -> None:
    """Writes a result as JSON, whole or not at all."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


@contextmanager
def evaluating(module: torch.nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients, and back to the mode before."""
    before = module.training
    module.eval()
    with torch.no_grad():
        yield
    module.train(before)


def time_evaluation(
    library: str,
    package: str,
    options: argparse.Namespace,
    log: Log,
    own: Callable[[], dict[str, float]],
    encode: Vectors,
    extra: dict[str, float] | None = None,
) -> None:
    """Times a library's own full-ranking evaluation (best of three), and its encoding of the users alone.

    The metrics of the shared evaluator stand beside the library's, as a check that both ask the same question.
    """
    runs, encoding, metrics = [], [], {}
    for _ in range(3):
        start = time.perf_counter()
        vectors = encode()
        encoding.append(time.perf_counter() - start)
        start = time.perf_counter()
        metrics = own()
        runs.append(time.perf_counter() - start)
    peak = round(peak_rss_mb(), 1)
    shared = evaluate(log, *vectors)
    result = {
        "library": library,
        "versions": {package: version(package), "torch": torch.__version__, "python": platform.python_version()},
        "data": log.name,
        "users": log.num_users,
        "items": log.num_items,
        "threads": options.threads,
        "evaluation_seconds": round(min(runs), 3),
        "encoding_seconds": round(min(encoding), 3),
        "all_seconds": [round(r, 3) for r in runs],
        "metrics": {name: round(float(value), 5) for name, value in metrics.items()},
        "shared_metrics": {name: round(value, 5) for name, value in shared.items()},
        "peak_rss_mb": peak,
        **(extra or {}),
    }
    print(json.dumps(result), flush=True)
    save(options.out, result)
