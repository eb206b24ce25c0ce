"""RecBole's SASRec in the race; run it with the python of RecBole's environment.

Losses: ``CE`` is the library's default (full cross-entropy), ``BPR`` has one negative. RecBole makes every prefix of a
history a training row of its own, padded to 50. Its evaluator masks no seen items for sequential models.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from protocol import DIMENSION, LAYERS, MAX_LENGTH, Log
from race import Race, evaluating, peer_arguments, prepare, settings_of, time_evaluation

warnings.filterwarnings("ignore")
from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.model.sequential_recommender import SASRec  # noqa: E402
from recbole.trainer import Trainer  # noqa: E402
from recbole.utils import init_seed  # noqa: E402


def configuration(options: argparse.Namespace, log: Log, folder: Path) -> Config:
    """RecBole's configuration over an atomic file written to ``folder``."""
    home = folder / "race"
    home.mkdir()
    rows = np.column_stack(log.columns(drop=0))
    head = "user_id:token\titem_id:token\ttimestamp:float"
    np.savetxt(home / "race.inter", rows, fmt="%d", delimiter="\t", header=head, comments="")
    return Config(
        model="SASRec",
        dataset="race",
        config_dict={
            "data_path": str(folder),
            "checkpoint_dir": str(folder / "saved"),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "MAX_ITEM_LIST_LENGTH": MAX_LENGTH,
            "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
            "hidden_size": DIMENSION,
            "n_layers": LAYERS,
            "hidden_dropout_prob": options.dropout,
            "attn_dropout_prob": options.dropout,
            "loss_type": options.loss,
            "train_neg_sample_args": None if options.loss == "CE" else {"distribution": "uniform", "sample_num": 1},
            "train_batch_size": options.batch_size,
            "learning_rate": options.lr,
            "metrics": ["NDCG", "Hit"],
            "topk": [10],
            "valid_metric": "NDCG@10",
            "use_gpu": False,
            "seed": options.seed,
            "state": "ERROR",
            "show_progress": False,
        },
    )


class Watched:
    """The training batches; the race is told of each one after RecBole has worked on it."""

    def __init__(self, batches: Any, race: Race, vectors: Any) -> None:
        self.batches, self.race, self.vectors = batches, race, vectors

    def __iter__(self) -> Iterator[Any]:
        for batch in self.batches:
            yield batch
            if self.race.step(len(batch), self.vectors):
                return

    def __len__(self) -> int:
        return len(self.batches)


class Vectors:
    """User and item vectors of RecBole's network under our numbering."""

    def __init__(self, log: Log, dataset: Any, model: SASRec) -> None:
        table = dataset.field2token_id["item_id"]
        rows = np.array([table.get(str(item), 0) for item in range(log.num_items)] + [0])
        self.rows = torch.from_numpy(rows[:-1])
        self.histories = torch.from_numpy(rows[log.histories(log.num_items, left=False)])
        self.lengths = torch.from_numpy(np.minimum(log.train_lengths, MAX_LENGTH))
        self.model = model

    def __call__(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        with evaluating(self.model):
            parts = zip(torch.split(self.histories, 256), torch.split(self.lengths, 256), strict=True)
            users = torch.cat([self.model(rows, lengths) for rows, lengths in parts])
            return users, self.model.item_embedding.weight[self.rows], self.rows > 0


def main() -> None:
    """Trains until the target is reached, or times the evaluation."""
    options = peer_arguments("RecBole", ("CE", "BPR"), batch_size=256, dropout=0.2).parse_args()
    sys.argv = sys.argv[:1]  # RecBole reads the command line for keys of its own
    logging.disable(logging.WARNING)
    log = prepare(options)
    race = Race("RecBole", "recbole", options, log, settings_of(options))
    options.out = options.out and options.out.resolve()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # RecBole leaves logs where it is started
        config = configuration(options, log, Path(folder))
        init_seed(options.seed, True)
        dataset = create_dataset(config)
        train, valid, _ = data_preparation(config, dataset)
        torch.set_num_threads(options.threads)
        model = SASRec(config, train.dataset)
        trainer = Trainer(config, model)
        vectors = Vectors(log, dataset, model)
        if options.task == "evaluate":
            own = lambda: trainer.evaluate(valid, load_best_model=False)  # noqa: E731
            time_evaluation("RecBole", "recbole", options, log, own, vectors)
            return
        race.start()
        epoch = 0
        while not race.done:
            trainer._train_epoch(Watched(train, race, vectors), epoch)
            epoch += 1


if __name__ == "__main__":
    main()
