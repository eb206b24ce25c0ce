"""What is said of a run when it begins, and what its result depends on."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import numpy
import polars
import torch

import foretaste
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.data.target_sets import questions
from foretaste.recipes.registry import Recipe


def announce(found: Recipe, config: Any, dataset: Dataset, split: Split, folder: Path) -> None:
    """What will run, on what, how it will be measured, and where it is written."""
    counts = f"{dataset.num_users:,} users, {dataset.num_items:,} items, {dataset.sequences.total:,} interactions"
    seen = "left out of" if config.mask_seen else "kept in"
    asked = f"{questions(split.test):,} users asked, {split.protocol.get('excluded_users', 0):,} too short to ask"
    say(f"recipe    {found.name}: {found.summary} seed {config.seed}")
    say(f"data      {dataset.folder} ({dataset.name}: {counts})")
    say(f"protocol  {split.protocol['split']}, full ranking, seen items {seen} it; {asked}")
    say(f"writes    {folder} (stop at any time; the same command goes on)")
    for warning in split.warnings:
        say(f"warning   {warning}")


def versions() -> dict[str, str]:
    """Versions that a result depends on."""
    return {
        "foretaste": foretaste.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": numpy.__version__,
        "polars": polars.__version__,
    }
