"""What the drivers of the LightGCN comparison share: settings, command line, and the form of a result."""

from __future__ import annotations

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

DIMENSION, LAYERS, BATCH, RATE = 64, 2, 2048, 1e-3
"""RecBole's defaults, but for the width of 64, which is its default too."""


def arguments(library: str) -> argparse.Namespace:
    """The command line, with threads and seed set."""
    parser = argparse.ArgumentParser(description=f"LightGCN of {library}: seconds of a training epoch")
    parser.add_argument("--data", required=True, help="a folder in the tidy form, for example amazon_beauty")
    parser.add_argument("--epochs", type=int, default=5, help="epochs that count; one more comes before them")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--users", type=int, help="only the first so many users, to try the driver out")
    parser.add_argument("--out", type=Path, help="where the result is written, as JSON")
    options = parser.parse_args()
    options.out = options.out and options.out.resolve()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    return options


def report(
    library: str,
    package: str,
    options: argparse.Namespace,
    *,
    seconds: list[float],
    losses: list[float],
    interactions: int,
    metrics: dict[str, float],
) -> None:
    """Prints a result and writes it.

    Args:
        library: Its name.
        package: Its distribution, whose version is noted.
        options: The command line.
        seconds: Of each epoch that counts.
        losses: Mean loss of each of them, as the library has it.
        interactions: Trained on in an epoch.
        metrics: Validation metrics after the last epoch.
    """
    result: dict[str, Any] = {
        "library": library,
        "versions": {package: version(package), "torch": torch.__version__, "python": platform.python_version()},
        "threads": options.threads,
        "interactions": interactions,
        "epoch_seconds": [round(value, 4) for value in seconds],
        "losses": [round(value, 5) for value in losses],
        "metrics": {name: round(float(value), 5) for name, value in metrics.items()},
        "finished": True,
    }
    print(json.dumps(result), flush=True)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
