"""A process that trains a small dual-view network with a bank of teachers; a test kills it at random moments."""

import sys
from pathlib import Path

import numpy as np
import torch
from train_child import ITEMS, data

from foretaste.data.split import leave_one_out
from foretaste.evaluation.evaluate import validation_metrics
from foretaste.models.auxiliary import Regularised
from foretaste.models.distillation import SelfDistillation
from foretaste.models.llmesr import DualViewConfig, llmesr
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.training.batches import SequenceBatches
from foretaste.training.config import TrainConfig
from foretaste.training.loop import fit
from foretaste.training.processes import Processes


def main(folder: Path) -> None:
    split = leave_one_out(data().take(range(100)))
    train = TrainConfig(epochs=3, batch_tokens=128, lr=5e-3, checkpoint_seconds=0.05, device="cpu")
    Processes("cpu").seed(3)
    config = DualViewConfig(dim=8, layers=1, heads=1, inner=8, max_len=16, dropout=0.2)
    network = llmesr(config, torch.randn(ITEMS, 12), loss=catalogue_loss(LossConfig(), split.train, ITEMS))
    near = np.random.default_rng(0).integers(0, len(split.train), (len(split.train), 5))
    term = SelfDistillation(split.train, near, weight=0.5, max_len=16, dim=network.items.dim, teacher="bank")
    model = Regularised(network, [term])
    fit(
        model,
        SequenceBatches(split.train, max_len=16, tokens=train.batch_tokens, seed=3),
        train,
        folder=folder,
        validate=lambda: validation_metrics(model, split.valid, mask_seen=False),
        seed=3,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
