"""RePlay's SASRec (``replay.nn.sequential.SasRec``) in the race; run it with the python of RePlay's environment.

Losses: ``ce`` is the library's default (full cross-entropy, as ``SasRec.from_params`` wires it); ``sampled`` is its
``CESampled`` with negatives shared by the batch. Both use what the library offers against padding: the trimming
transform and the length-bucketed encoder.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from protocol import DIMENSION, LAYERS, MAX_LENGTH, Log
from race import Race, evaluating, peer_arguments, prepare, settings_of, time_evaluation
from replay.data import FeatureHint, FeatureSource, FeatureType
from replay.data.nn import ParquetModule, TensorFeatureInfo, TensorFeatureSource, TensorSchema
from replay.nn.agg import SumAggregator
from replay.nn.embedding import SequenceEmbedding
from replay.nn.lightning import LightningModule
from replay.nn.lightning.callback import ComputeMetricsCallback
from replay.nn.lightning.optimizer import OptimizerFactory
from replay.nn.lightning.postprocessor import SeenItemsFilter
from replay.nn.loss import CE, CESampled
from replay.nn.mask import DefaultAttentionMask
from replay.nn.sequential import (
    LengthBucketedQueryEncoder,
    PositionAwareAggregator,
    SasRec,
    SasRecBody,
    SasRecTransformerLayer,
)
from replay.nn.transform import (
    GroupTransform,
    NextTokenTransform,
    RenameTransform,
    TargetAwareAdaptiveTrimTransform,
    UniformNegativeSamplingTransform,
    UnsqueezeTransform,
)

HEADS = 2


def schema(log: Log) -> TensorSchema:
    """One categorical sequence; the padding id follows the last item."""
    return TensorSchema(
        TensorFeatureInfo(
            "item_id",
            is_seq=True,
            feature_type=FeatureType.CATEGORICAL,
            embedding_dim=DIMENSION,
            padding_value=log.num_items,
            cardinality=log.num_items,
            feature_hint=FeatureHint.ITEM_ID,
            feature_sources=[TensorFeatureSource(FeatureSource.INTERACTIONS, "item_id")],
        )
    )


def build(options: argparse.Namespace, log: Log) -> SasRec:
    """The model that ``SasRec.from_params`` builds, with the length-bucketed encoder and the chosen loss."""
    encoder: torch.nn.Module = SasRecTransformerLayer(
        embedding_dim=DIMENSION, num_heads=HEADS, num_blocks=LAYERS, dropout=options.dropout, activation="relu"
    )
    if options.bucket:
        encoder = LengthBucketedQueryEncoder(encoder, bucket_size=options.bucket)
    body = SasRecBody(
        embedder=SequenceEmbedding(schema=schema(log)),
        embedding_aggregator=PositionAwareAggregator(
            embedding_aggregator=SumAggregator(embedding_dim=DIMENSION),
            max_sequence_length=MAX_LENGTH,
            dropout=options.dropout,
        ),
        attn_mask_builder=DefaultAttentionMask(reference_feature_name="item_id", num_heads=HEADS),
        encoder=encoder,
        output_normalization=torch.nn.LayerNorm(DIMENSION),
    )
    loss = CESampled() if options.loss == "sampled" else CE(ignore_index=log.num_items)
    return SasRec(body=body, loss=loss)


def write(log: Log, folder: Path) -> tuple[str, str]:
    """Training histories and validation questions as the parquet files that ``ParquetModule`` reads."""
    rows = [log.train(user) for user in range(log.num_users)]
    histories = pa.array(rows, type=pa.list_(pa.int64()))
    users = pa.array(np.arange(log.num_users))
    train, valid = folder / "train.parquet", folder / "valid.parquet"
    pq.write_table(pa.table({"user_id": users, "item_id": histories}), train)
    truth = pa.array(log.valid_targets[:, None].tolist(), type=pa.list_(pa.int64()))
    pq.write_table(pa.table({"user_id": users, "item_id": histories, "seen": histories, "truth": truth}), valid)
    return str(train), str(valid)


def data(options: argparse.Namespace, log: Log, folder: Path) -> ParquetModule:
    """The library's own loader with its transforms."""
    train = [
        NextTokenTransform(label_name="item_id", shift=1),
        RenameTransform({"item_id_mask": "padding_mask", "positive_labels_mask": "target_padding_mask"}),
        TargetAwareAdaptiveTrimTransform(["item_id", "positive_labels"]),
        UnsqueezeTransform("target_padding_mask", -1),
        UnsqueezeTransform("positive_labels", -1),
        GroupTransform({"feature_tensors": ["item_id"]}),
    ]
    if options.loss == "sampled":
        train.append(UniformNegativeSamplingTransform(log.num_items, options.negatives))
    ask = [
        RenameTransform({"item_id_mask": "padding_mask", "truth": "ground_truth", "seen": "seen_ids"}),
        GroupTransform({"feature_tensors": ["item_id"]}),
    ]
    pad = log.num_items
    longest = int(log.train_lengths.max())
    meta: dict[str, Any] = {
        "train": {"item_id": {"shape": MAX_LENGTH + 1, "padding": pad}},
        "validate": {
            "user_id": {},
            "item_id": {"shape": MAX_LENGTH, "padding": pad},
            "seen": {"shape": longest, "padding": -2},
            "truth": {"shape": 1, "padding": -1},
        },
    }
    paths = write(log, folder)
    return ParquetModule(
        batch_size={"train": options.batch_size, "validate": 256},
        metadata=meta,
        transforms={"train": train, "validate": ask},
        train_path=paths[0],
        validate_path=paths[1],
    )


class Watch(lightning.Callback):
    """Tells the race of every training step."""

    def __init__(self, race: Race, histories: torch.Tensor, padding: int) -> None:
        self.race, self.histories, self.padding = race, histories, padding

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Starts the clock."""
        self.race.start()

    def on_train_batch_end(self, trainer: lightning.Trainer, pl_module: Any, outputs: Any, batch: Any, *_: int) -> None:
        """Counts the valid targets of the batch."""
        valid = int(batch["target_padding_mask"].sum())
        trainer.should_stop = self.race.step(valid, lambda: vectors(pl_module.model, self.histories, self.padding))


def vectors(model: SasRec, histories: torch.Tensor, padding: int) -> tuple[torch.Tensor, torch.Tensor, None]:
    """User and item vectors of the network as it is."""
    with evaluating(model):
        users = [model.body({"item_id": part}, part != padding)[:, -1].clone() for part in torch.split(histories, 256)]
        return torch.cat(users), model.body.embedder.get_item_weights(None).clone(), None


def main() -> None:
    """Trains until the target is reached, or times the evaluation."""
    parser = peer_arguments("RePlay", ("sampled", "ce"), batch_size=128, dropout=0.2)
    parser.add_argument("--negatives", type=int, default=2048, help="shared negatives of the sampled loss")
    parser.add_argument("--bucket", type=int, default=32, help="rows in a bucket of the encoder; 0: no buckets")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    log = prepare(options)
    lightning.seed_everything(options.seed, verbose=False)
    race = Race("RePlay", "replay-rec", options, log, settings_of(options))
    histories = torch.from_numpy(log.histories(log.num_items, left=True))
    module = LightningModule(build(options, log), optimizer_factory=OptimizerFactory(learning_rate=options.lr))
    quiet = {"logger": False, "enable_checkpointing": False, "enable_model_summary": False, "accelerator": "cpu"}
    with tempfile.TemporaryDirectory() as folder:
        source = data(options, log, Path(folder))
        if options.task == "train":
            trainer = lightning.Trainer(
                max_epochs=10_000,
                limit_val_batches=0,
                enable_progress_bar=False,
                callbacks=[Watch(race, histories, log.num_items)],
                **quiet,
            )
            trainer.fit(module, source)
            return
        own = lightning.Trainer(
            callbacks=[
                ComputeMetricsCallback(
                    metrics=["ndcg", "recall"],
                    ks=[10],
                    postprocessors=[SeenItemsFilter(item_count=log.num_items, seen_items_column="seen_ids")],
                    item_count=log.num_items,
                )
            ],
            enable_progress_bar=False,
            **quiet,
        )
        time_evaluation(
            "RePlay",
            "replay-rec",
            options,
            log,
            lambda: own.validate(module, source, verbose=False)[0],
            lambda: vectors(module.model, histories, log.num_items),
        )


if __name__ == "__main__":
    main()
