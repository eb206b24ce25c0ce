"""Models over catalogues of any size, untrained: SASRec at 64 dimensions, over vectors that lie as real ones do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import torch

from foretaste.core.config import configure
from foretaste.core.files import write_json
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.recipes.registry import recipe
from foretaste.recipes.saving import save_model
from foretaste.serving.bundle.write import export_bundle

DIM, KINDS, RANK, USERS, LONG = 64, 400, 16, 2_000, 20


def made_up(folder: Path, items: int, index: str = "auto") -> Path:
    """The bundle of a model with random weights over so many items; made once, and kept.

    Item vectors fall into kinds and have few directions that matter, as trained ones do, and they are long beside what
    the random layers add, so that a user lies near what the history holds. Without either no index of neighbours could
    find anything: with users in random directions HNSW finds .89 of the best ten among a million at its widest.
    """
    bundle, run = folder / f"bundle-{items}-{index}", folder / f"run-{items}"
    if (bundle / "manifest.json").is_file():
        return bundle
    if not (run / "model" / "manifest.json").is_file():
        _write_model(folder, run, items)
    export_bundle(run, bundle, index=index)
    return bundle


def _write_model(folder: Path, run: Path, items: int) -> None:
    rng = np.random.default_rng(0)
    shop = folder / f"shop-{items}"
    shop.mkdir(parents=True, exist_ok=True)
    names = pl.Series("item_id", [f"item{number}" for number in range(items)])
    titles = pl.Series("title", [f"Thing number {number} of kind {number % KINDS}" for number in range(items)])
    pl.DataFrame([names, titles]).write_parquet(shop / "items.parquet")
    bought = rng.integers(0, items, size=(USERS, LONG))
    rows = {
        "user_id": np.repeat([f"user{user}" for user in range(USERS)], LONG),
        "item_id": [f"item{number}" for number in bought.ravel()],
        "position": np.tile(np.arange(LONG), USERS),
        "timestamp": np.tile(1_600_000_000 + 86_400 * np.arange(LONG), USERS),
    }
    pl.DataFrame(rows).write_parquet(shop / "interactions.parquet")
    write_json(shop / "meta.json", {"name": f"made-up-{items}", "timestamp": "unix_seconds"})
    dataset = Dataset.load(shop)
    found = recipe("sasrec")
    config = configure(found.config, overrides=[f"dim={DIM}"])
    torch.manual_seed(0)
    model = found.build(config, {"num_items": items, "num_users": dataset.num_users})
    centres = rng.standard_normal((KINDS, RANK))
    inner = centres[rng.integers(0, KINDS, items)] + 0.7 * rng.standard_normal((items, RANK))
    table = (inner @ rng.standard_normal((RANK, DIM)) / RANK + 0.05 * rng.standard_normal((items, DIM))) * 2
    with torch.no_grad():
        model.items.weight.copy_(torch.from_numpy(table.astype(np.float32)))
    save_model(run / "model", "sasrec", config, model.eval(), dataset, leave_one_out(dataset.sequences))


def histories(items: int, count: int) -> list[list[str]]:
    """Raw histories of 1 to 50 items."""
    rng = np.random.default_rng(1)
    return [[f"item{i}" for i in rng.integers(0, items, int(rng.integers(1, 51)))] for _ in range(count)]
