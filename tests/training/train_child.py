"""A process that trains a small SASRec in a folder until it is finished; the tests kill it at random moments.

``train_child.py FOLDER [optimizer]``
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from foretaste.data.sequences import Sequences
from foretaste.data.split import leave_one_out
from foretaste.evaluation.evaluate import validation_metrics
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sasrec import SASRecConfig, sasrec
from foretaste.nn.items import IdTable
from foretaste.training.batches import SequenceBatches
from foretaste.training.config import TrainConfig
from foretaste.training.loop import fit
from foretaste.training.processes import Processes

ITEMS = 60


def data() -> Sequences:
    """Walks on a ring of items: the next one is mostly two further."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(400):
        steps = rng.choice([1, 2, 2, 2, 5], rng.integers(4, 15))
        rows.append(((rng.integers(ITEMS) + np.cumsum(steps)) % ITEMS).tolist())
    return Sequences.from_lists(rows)


def main(folder: Path, optimizer: str = "adamw") -> None:
    split = leave_one_out(data())
    config = SASRecConfig(dim=16, layers=1, heads=1, inner=16, max_len=16, dropout=0.2)
    losses = LossConfig(loss="softmax" if optimizer == "adamw" else "sampled-softmax", negatives=20)
    train = TrainConfig(epochs=6, batch_tokens=128, lr=5e-3, optimizer=optimizer, checkpoint_seconds=0.05)
    Processes("cpu").seed(3)
    table = IdTable(ITEMS, config.dim, sparse=optimizer != "adamw")
    model = sasrec(config, ITEMS, catalogue_loss(losses, split.train, ITEMS), table)
    fit(
        model,
        SequenceBatches(split.train, max_len=16, tokens=train.batch_tokens, seed=3),
        replace(train, device="cpu"),
        folder=folder,
        validate=lambda: validation_metrics(model, split.valid, mask_seen=False),
        seed=3,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
