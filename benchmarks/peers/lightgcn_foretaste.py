"""Seconds of an epoch of Foretaste's LightGCN, through its own training loop; run it with the python of Foretaste."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from epochs import BATCH, DIMENSION, LAYERS, RATE, arguments, report

from foretaste.core.config import configure
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.evaluation.evaluate import validation_metrics
from foretaste.models.lightgcn import LightGCN, training_graph
from foretaste.models.pair_losses import pair_loss
from foretaste.recipes.lightgcn import LightGCNRecipeConfig
from foretaste.recipes.presets import preset
from foretaste.training.log import read_log
from foretaste.training.loop import fit
from foretaste.training.pairs import PairBatches


def main() -> None:
    """Trains for some epochs with BPR and one negative, as the paper does."""
    options = arguments("Foretaste")
    settings = {
        "dim": DIMENSION,
        "layers": LAYERS,
        "train.batch_tokens": BATCH,
        "train.lr": RATE,
        "train.epochs": options.epochs + 1,
        "train.patience": options.epochs + 2,
        "train.device": "cpu",
        "seed": options.seed,
    }
    overrides = [f"{key}={value}" for key, value in settings.items()]
    config = configure(LightGCNRecipeConfig, preset=preset("lightgcn", "parity").values, overrides=overrides)
    data = Dataset.load(options.data)
    if options.users:
        data = replace(data, sequences=data.sequences.take(np.arange(options.users)))
    split = leave_one_out(data.sequences)
    graph, loss = training_graph(split.train, data.num_items), pair_loss(config, split.train, data.num_items)
    model = LightGCN(graph, config, loss, cosine=config.cosine)
    batches = PairBatches(split.train, size=config.train.batch_tokens, seed=config.seed)
    with tempfile.TemporaryDirectory() as folder:
        # The last weights are measured, as the peer's are: each epoch counts as better than the one before.
        rising = iter(range(options.epochs + 1))
        validate = lambda: {"ndcg@10": float(next(rising))}  # noqa: E731
        fit(model, batches, config.train, folder=Path(folder), validate=validate, seed=config.seed)
        lines = read_log(Path(folder))[1:]
    found = validation_metrics(model, split.valid)
    report(
        "Foretaste",
        "foretaste",
        options,
        seconds=[line["train_seconds"] for line in lines],
        losses=[line["loss"] for line in lines],
        interactions=len(batches),
        metrics={"ndcg@10": found["ndcg@10"], "hr@10": found["hr@10"]},
    )


if __name__ == "__main__":
    main()
