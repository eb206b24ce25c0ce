"""Saved models without any training, in no time: networks of real recipes with random weights on the small shop."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import torch

from foretaste.core.config import configure
from foretaste.core.files import write_json
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.recipes.registry import recipe
from foretaste.recipes.saving import save_model
from texts_fakes import write_shop

SMALL = {
    "sasrec": ["dim=16", "max_len=12", "layers=1"],
    "gru4rec": ["dim=16", "hidden=12", "max_len=12"],
    "bert4rec": ["dim=16", "max_len=12", "layers=1"],
    "llmemb": ["dim=16", "max_len=12", "layers=1"],
    "llmesr": ["dim=16", "max_len=12", "layers=1"],
    "pad": ["dim=16", "max_len=12", "layers=1"],
    "itemknn": [],
}
TEXT_DIM = 8


def write_priced_shop(folder: Path) -> Path:
    """The shop with prices, stock and categories; every fifth item has no price."""
    write_shop(folder)
    items = pl.read_parquet(folder / "items.parquet")
    count = len(items)
    items = items.with_columns(
        pl.Series("price", [None if i % 5 == 4 else float(i) for i in range(count)], dtype=pl.Float32),
        pl.Series("in_stock", [i % 3 != 0 for i in range(count)]),
        pl.Series("categories", [["all", item.split()[0], item] for item in items["brand"].to_list()]),
    )
    items.write_parquet(folder / "items.parquet")
    return folder


def untrained(folder: Path, name: str, data: Path, *keys: str, seed: int = 0) -> Path:
    """The folder of a run whose model has random weights."""
    dataset = Dataset.load(data)
    found = recipe(name)
    config = configure(found.config, overrides=[*SMALL[name], *keys])
    split = leave_one_out(dataset.sequences)
    sizes = {"num_items": dataset.num_items, "num_users": dataset.num_users, "text_dim": TEXT_DIM}
    torch.manual_seed(seed)
    model = found.build(config, sizes)
    with torch.no_grad():
        for tensor in [*model.parameters(), *(b for n, b in model.named_buffers() if n.endswith("vectors"))]:
            if tensor.is_floating_point():
                tensor.normal_(std=0.3)
    if not hasattr(model, "sizes") or not model.sizes:
        model.sizes = {"text_dim": TEXT_DIM}
    else:
        model.sizes = {**model.sizes, "text_dim": TEXT_DIM}
    save_model(folder / "model", name, config, model.eval(), dataset, split)
    write_json(folder / "metrics.json", {"test": {"metrics": {"ndcg@10": 0.25}}})
    return folder
