"""Seconds of an epoch of RecBole's LightGCN, through its own trainer; run it with RecBole's python."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import torch
from epochs import BATCH, DIMENSION, LAYERS, RATE, arguments, report
from protocol import Log, evaluate

warnings.filterwarnings("ignore")
from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.model.general_recommender import LightGCN  # noqa: E402
from recbole.trainer import Trainer  # noqa: E402
from recbole.utils import init_seed  # noqa: E402


def mend_scipy() -> None:
    """RecBole fills its adjacency through ``dok_matrix._update``, which newer versions of scipy have no more."""
    if not hasattr(scipy.sparse.dok_matrix, "_update"):
        scipy.sparse.dok_matrix._update = lambda matrix, entries: matrix._dict.update(entries)


def configuration(log: Log, folder: Path, seed: int) -> Config:
    """RecBole's configuration over an atomic file written to ``folder``."""
    home = folder / "race"
    home.mkdir()
    rows = np.column_stack(log.columns(drop=0))
    head = "user_id:token\titem_id:token\ttimestamp:float"
    np.savetxt(home / "race.inter", rows, fmt="%d", delimiter="\t", header=head, comments="")
    return Config(
        model="LightGCN",
        dataset="race",
        config_dict={
            "data_path": str(folder),
            "checkpoint_dir": str(folder / "saved"),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
            "embedding_size": DIMENSION,
            "n_layers": LAYERS,
            "train_batch_size": BATCH,
            "learning_rate": RATE,
            "metrics": ["NDCG", "Hit"],
            "topk": [10],
            "valid_metric": "NDCG@10",
            "use_gpu": False,
            "seed": seed,
            "state": "ERROR",
            "show_progress": False,
        },
    )


def rows_of(table: dict[str, int], count: int) -> torch.Tensor:
    """RecBole's rows of our ids; 0, its padding, for what it has never seen."""
    return torch.tensor([table.get(str(number), 0) for number in range(count)])


def vectors(log: Log, dataset: Any, model: LightGCN) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """User and item vectors under our numbering, and which items RecBole knows."""
    users = rows_of(dataset.field2token_id["user_id"], log.num_users)
    items = rows_of(dataset.field2token_id["item_id"], log.num_items)
    model.eval()
    with torch.no_grad():
        all_users, all_items = model.forward()
    return all_users[users], all_items[items], items > 0


def main() -> None:
    """Trains for some epochs with its own loss, BPR with one negative."""
    options = arguments("RecBole")
    sys.argv = sys.argv[:1]  # RecBole reads the command line for keys of its own
    logging.disable(logging.WARNING)
    mend_scipy()
    log = Log.load(options.data, options.users)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # RecBole leaves logs where it is started
        config = configuration(log, Path(folder), options.seed)
        init_seed(options.seed, True)
        dataset = create_dataset(config)
        train, _, _ = data_preparation(config, dataset)
        torch.set_num_threads(options.threads)
        model = LightGCN(config, train.dataset)
        trainer = Trainer(config, model)
        seconds, losses = [], []
        for epoch in range(options.epochs + 1):
            began = time.perf_counter()
            loss = trainer._train_epoch(train, epoch)
            seconds.append(time.perf_counter() - began)
            losses.append(float(loss) / len(train))
        found = evaluate(log, *vectors(log, dataset, model))
        os.chdir("/")
    report(
        "RecBole",
        "recbole",
        options,
        seconds=seconds[1:],
        losses=losses[1:],
        interactions=len(train.dataset),
        metrics={name.removeprefix("valid_"): value for name, value in found.items()},
    )


if __name__ == "__main__":
    main()
