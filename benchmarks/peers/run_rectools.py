"""RecTools' ``SASRecModel`` in the race; run it with the python of RecTools' environment.

Losses: ``softmax`` is the library's default (full softmax); ``sampled_softmax`` draws negatives for every position.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from protocol import DIMENSION, LAYERS, MAX_LENGTH, Log
from race import Race, evaluating, peer_arguments, prepare, settings_of, time_evaluation
from rectools import Columns
from rectools.dataset import Dataset
from rectools.metrics import NDCG, HitRate, calc_metrics
from rectools.models import SASRecModel
from rectools.models.nn.item_net import IdEmbeddingsItemNet

HEADS = 1


def dataset(log: Log) -> Dataset:
    """The training interactions; a place in the sequence becomes a second since 1970."""
    users, items, places = log.columns(drop=2)
    return Dataset.construct(
        pd.DataFrame(
            {
                Columns.User: users,
                Columns.Item: items,
                Columns.Weight: 1.0,
                Columns.Datetime: pd.to_datetime(places, unit="s"),
            }
        )
    )


class Vectors:
    """User and item vectors of a RecTools model under our numbering."""

    def __init__(self, log: Log, model: SASRecModel) -> None:
        self.log, self.model = log, model
        self.histories: torch.Tensor | None = None

    def _prepare(self) -> None:
        ids = self.model.data_preparator.item_id_map
        self.known = torch.from_numpy(np.isin(np.arange(self.log.num_items), ids.external_ids[1:].astype(np.int64)))
        self.rows = torch.zeros(self.log.num_items + 1, dtype=torch.long)
        ours = torch.nonzero(self.known)[:, 0]
        self.rows[ours] = torch.from_numpy(ids.convert_to_internal(ours.numpy()).astype(np.int64))
        self.histories = self.rows[torch.from_numpy(self.log.histories(self.log.num_items, left=True))]

    def __call__(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        if self.histories is None:
            self._prepare()
        net = self.model.torch_model
        with evaluating(net):
            items = net.item_model.get_all_embeddings()
            parts = torch.split(self.histories, 256)
            users = torch.cat([net.encode_sessions({"x": part}, items)[:, -1].clone() for part in parts])
            return users, items[self.rows[:-1]], self.known


class Watch(pl.Callback):
    """Tells the race of every training step."""

    def __init__(self, race: Race, vectors: Vectors) -> None:
        self.race, self.vectors = race, vectors

    def __deepcopy__(self, memo: dict[int, Any]) -> Watch:
        """RecTools copies its trainer before each fit; the race stays one."""
        return self

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock."""
        self.race.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, *_: int
    ) -> None:
        """Counts the valid targets of the batch."""
        trainer.should_stop = self.race.step(int((batch["y"] != 0).sum()), self.vectors)


def trainer(watch: Watch | None) -> pl.Trainer:
    """A quiet trainer; without a race it runs no epoch, which is enough to build a model."""
    return pl.Trainer(
        max_epochs=10_000 if watch else 1,
        limit_train_batches=None if watch else 1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[watch] if watch else [],
    )


def main() -> None:
    """Trains until the target is reached, or times the evaluation."""
    parser = peer_arguments("RecTools", ("softmax", "sampled_softmax"), batch_size=128, dropout=0.2)
    parser.add_argument("--negatives", type=int, default=128, help="negatives of each position, for the sampled loss")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    log = prepare(options)
    pl.seed_everything(options.seed, verbose=False)
    race = Race("RecTools", "rectools", options, log, settings_of(options))
    model = SASRecModel(
        n_blocks=LAYERS,
        n_heads=HEADS,
        n_factors=DIMENSION,
        dropout_rate=options.dropout,
        session_max_len=MAX_LENGTH,
        loss=options.loss,
        n_negatives=options.negatives,
        lr=options.lr,
        batch_size=options.batch_size,
        item_net_block_types=(IdEmbeddingsItemNet,),
    )
    vectors = Vectors(log, model)
    model._trainer = trainer(Watch(race, vectors) if options.task == "train" else None)
    data = dataset(log)
    model.fit(data)
    if options.task == "evaluate":
        everyone = np.arange(log.num_users)
        truth = pd.DataFrame({Columns.User: everyone, Columns.Item: log.valid_targets})

        def own() -> dict[str, float]:
            found = model.recommend(everyone, data, k=10, filter_viewed=True)
            return calc_metrics({"ndcg@10": NDCG(k=10), "hr@10": HitRate(k=10)}, found, truth)

        time_evaluation("RecTools", "rectools", options, log, own, vectors)


if __name__ == "__main__":
    main()
