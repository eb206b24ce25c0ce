"""The one training loop.

A stage's folder holds ``checkpoint.safetensors`` (where to go on), ``best.safetensors`` (the best weights so far),
``log.jsonl`` (one line an epoch) and, when training has ended, ``weights.safetensors``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from foretaste.core.progress import progress_bars
from foretaste.models.base import EpochAware
from foretaste.training.batches import Batches, Block
from foretaste.training.checkpoint import Progress, load_checkpoint, load_weights, save_checkpoint, save_weights
from foretaste.training.config import TrainConfig
from foretaste.training.log import EpochLog
from foretaste.training.memory import keep_freed_memory
from foretaste.training.optim import learning_rate
from foretaste.training.processes import Processes
from foretaste.training.update import Update

Validate = Callable[[], dict[str, float]]
CHOOSE_BY = "ndcg@10"
"""The metric by which the best epoch of a recommender is chosen."""


@dataclass(frozen=True)
class FitReport:
    """How training went.

    Attributes:
        epochs: Epochs begun.
        steps: Updates made.
        best_epoch: Epoch whose weights were kept, from 0.
        best: Their value of the metric chosen by.
        seconds: Seconds spent in training steps, validation left out.
    """

    epochs: int
    steps: int
    best_epoch: int
    best: float
    seconds: float


def fit(
    model: nn.Module,
    batches: Batches,
    config: TrainConfig,
    *,
    folder: Path,
    validate: Validate,
    seed: int,
    choose_by: str = CHOOSE_BY,
) -> FitReport:
    """Trains ``model`` until validation stops getting better, and leaves the best weights in it.

    Args:
        model: Calling it with a batch gives the loss.
        batches: Where batches come from.
        config: Keys of the loop.
        folder: Where checkpoints and log are kept; training goes on from what it finds there.
        validate: Validation metrics of ``model`` as it stands; must contain ``choose_by``.
        seed: Seed of dropout and negatives.
        choose_by: The metric whose largest value is best.
    """
    return _Loop(model, batches, config, folder, validate, seed, choose_by).run()


class _Loop:
    """State of one call of :func:`fit`."""

    def __init__(
        self,
        model: nn.Module,
        batches: Batches,
        config: TrainConfig,
        folder: Path,
        validate: Validate,
        seed: int,
        choose_by: str,
    ) -> None:
        self.model, self.batches, self.config, self.folder = model, batches, config, folder
        self.validate, self.seed, self.choose_by = validate, seed, choose_by
        keep_freed_memory()
        self.processes = Processes(config.device)
        self.update = Update(model, config, self.processes)
        self.progress = Progress()
        folder.mkdir(parents=True, exist_ok=True)
        self.log = EpochLog(folder / "log.jsonl", writes=self.processes.is_main)
        self.saved_at = time.monotonic()

    def run(self) -> FitReport:
        self._begin()
        with progress_bars() as bars:
            task = bars.add_task("training", total=None, note="")
            while not self.progress.finished:
                blocks = self.batches.epoch(self.progress.epoch)
                bars.update(task, total=len(blocks), completed=self.progress.block)
                self._epoch(blocks, lambda done: bars.update(task, completed=done))
                note = self._end_of_epoch(len(blocks))
                bars.update(task, note=note, description=f"epoch {self.progress.epoch + 1}/{self.config.epochs}")
        load_weights(self.folder / "best.safetensors", self.model)
        if self.processes.is_main:
            save_weights(self.folder / "weights.safetensors", self.model)
        self.processes.wait()
        p = self.progress
        return FitReport(p.epoch, p.step, p.best_epoch, p.best, p.seconds)

    def _begin(self) -> None:
        checkpoint = self._checkpoint_path()
        if checkpoint.is_file():
            self.progress = load_checkpoint(checkpoint, self.model, self.update.optimizers)
            self.log.keep(self.progress.epoch)
        else:
            self.processes.seed(self.seed)
            self.log.keep(0)

    def _checkpoint_path(self) -> Path:
        suffix = f"-{self.processes.rank}" if self.processes.rank else ""
        return self.folder / f"checkpoint{suffix}.safetensors"

    def _epoch(self, blocks: list[Block], show: Callable[[int], Any]) -> None:
        if self.progress.block == 0 and isinstance(self.model, EpochAware):
            self.model.begin_epoch(self.progress.epoch, self.config.epochs)
        self.model.train()
        p, total = self.progress, torch.zeros((), dtype=torch.float64, device=self.processes.device)
        total += p.loss_sum
        began = time.perf_counter()
        for number in range(p.block, len(blocks)):
            share_done = (p.epoch + number / len(blocks)) / self.config.epochs
            total += self._step(blocks[number], share_done)
            p.block = number + 1
            if number % 16 == 15:
                show(p.block)
            if time.monotonic() - self.saved_at > self.config.checkpoint_seconds and self.processes.count == 1:
                self._count(began)
                p.loss_sum = float(total)
                self._save()
                began = time.perf_counter()
        self._count(began)
        p.loss_sum = float(self.processes.mean(total))

    def _step(self, block: Block, share_done: float) -> torch.Tensor:
        batch = self.batches.batch(self.processes.share(block)).to(self.processes.device)
        rate = learning_rate(self.config, self.progress.step, share_done)
        loss = self.update(batch, rate)
        self.progress.step += 1
        return loss

    def _count(self, began: float) -> None:
        spent = time.perf_counter() - began
        self.progress.seconds += spent
        self.progress.epoch_seconds += spent

    def _end_of_epoch(self, blocks: int) -> str:
        p = self.progress
        last = p.epoch + 1 >= self.config.epochs
        entry: dict[str, Any] = {
            "epoch": p.epoch,
            "step": p.step,
            "loss": p.loss_sum / max(blocks, 1),
            "train_seconds": round(p.epoch_seconds, 4),
        }
        if last or (p.epoch + 1) % self.config.validate_every == 0:
            entry["valid"] = self._validate()
        p.epoch, p.block, p.loss_sum, p.epoch_seconds = p.epoch + 1, 0, 0.0, 0.0
        p.finished = last or p.stale >= self.config.patience or 0 < self.config.stop_at <= p.best
        self.log.write(entry)
        self._save()
        return f"loss {entry['loss']:.4f}  best {self.choose_by} {p.best:.4f}"

    def _validate(self) -> dict[str, float]:
        p = self.progress
        self.model.eval()
        found = self.validate() if self.processes.is_main else {}
        score = self.processes.agree([found.get(self.choose_by, 0.0)])[0]
        if p.best_epoch < 0 or score > p.best:
            p.best, p.best_epoch, p.stale = score, p.epoch, 0
            if self.processes.is_main:
                save_weights(self.folder / "best.safetensors", self.model)
        else:
            p.stale += 1
        self.processes.wait()
        return found

    def _save(self) -> None:
        save_checkpoint(self._checkpoint_path(), self.model, self.update.optimizers, self.progress, self.seed)
        self.saved_at = time.monotonic()
