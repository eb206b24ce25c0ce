"""Stand-ins for tests of runs: a tiny data set on disk, and a recipe that trains in no time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.files import read_json, write_json
from foretaste.data.dataset import Dataset
from foretaste.data.sequences import Sequences
from foretaste.data.split import Split
from foretaste.models.base import Retriever, Users
from foretaste.recipes.config import RecipeConfig
from foretaste.recipes.registry import Recipe


@dataclass(frozen=True)
class InnerConfig:
    lr: float = option(0.1, "Pretended step size.", paper="0.001")
    epochs: int = option(1, "Pretended epochs.")


@dataclass(frozen=True)
class FakeConfig(RecipeConfig):
    dim: int = option(4, "Width of the vectors.")
    shape: str = option("round", "A choice.", choices=("round", "square"))
    train: InnerConfig = option(InnerConfig(), "The pretended loop.")


class FakeModel(Retriever):
    """Item vectors are random with the popularity in front; a user is the mean of its items."""

    def __init__(self, num_items: int, dim: int) -> None:
        super().__init__()
        self.num_items = num_items
        self.table = torch.nn.Parameter(torch.randn(num_items, dim))
        self.twin = self.table
        self.register_buffer("bias", torch.zeros(num_items))

    def item_vectors(self) -> Tensor:
        return self.table.detach()

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        table = self.table.detach()
        rows = [table[torch.from_numpy(row.astype(np.int64))] for row in histories]
        return torch.stack([row.mean(0) if len(row) else torch.zeros(table.shape[1]) for row in rows])


class FakeTrainer(FakeModel):
    """The same with a buffer that only training needs."""

    def __init__(self, num_items: int, dim: int) -> None:
        super().__init__(num_items, dim)
        self.register_buffer("training_only", torch.ones(3))


class Interruptions:
    """How often training was begun, and after which stage it is to be cut off."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.seen: list[Split] = []
        self.stop_before: str | None = None


EVENTS = Interruptions()


def fake_train(run: Run, data: Dataset, split: Split, config: FakeConfig) -> FakeModel:
    EVENTS.seen.append(split)

    def make(folder: Path) -> list[float]:
        EVENTS.stages.append("first")
        write_json(folder / "noise.json", noise := torch.randn(2).tolist())
        return noise

    run.stage("first", make, lambda folder: read_json(folder / "noise.json"), inputs={"config": config})
    if EVENTS.stop_before == "second":
        raise KeyboardInterrupt
    EVENTS.stages.append("second")
    torch.manual_seed(config.seed)
    model = FakeTrainer(data.num_items, config.dim)
    counts = torch.from_numpy(split.train.counts(data.num_items)).float()
    with torch.no_grad():
        model.table[:, 0] = counts * config.train.lr
    return model


FAKE = Recipe(
    name="fake",
    summary="Pretends to train.",
    source="none",
    config=FakeConfig,
    train=fake_train,
    build=lambda config, sizes: FakeModel(sizes["num_items"], config.dim),
    space={"dim": (2, 4), "train.lr": (0.05, 0.5)},
)


def write_tidy(folder: Path, *, users: int = 24, items: int = 18, seed: int = 0) -> Path:
    """A small tidy data set: every user walks through the catalogue in steps, with some noise."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, int, int]] = []
    for user in range(users):
        length = int(rng.integers(3, 9))
        start = int(rng.integers(items))
        for place in range(length):
            item = (start + place * (1 + user % 2)) % items
            rows.append((f"u{user}", f"i{item}", place, 1_600_000_000 + 86_400 * (user + place * 3)))
    folder.mkdir(parents=True, exist_ok=True)
    schema = ["user_id", "item_id", "position", "timestamp"]
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(folder / "interactions.parquet")
    titles = [f"Item number {i}" if i else None for i in range(items)]
    catalogue = {"item_id": [f"i{i}" for i in range(items)], "title": titles, "brand": ["b"] * items}
    pl.DataFrame(catalogue).write_parquet(folder / "items.parquet")
    (folder / "meta.json").write_text(json.dumps({"name": "tiny", "timestamp": "unix_seconds"}))
    return folder
