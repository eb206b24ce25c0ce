"""Seconds of a training step of PAD's experts, one by one and all three behind the gate.

``python benchmarks/bench_towers.py`` takes the steps in turn, one of each network at a time, so that all meet the same
machine. Text vectors are random here: their values change nothing about the time of a step.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

from foretaste.data.frequency import frequency_bins
from foretaste.models.losses import catalogue_loss
from foretaste.models.pad import expert, together
from foretaste.models.pad_config import EXPERTS
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.recipes.pad_config import PADRecipeConfig
from foretaste.recipes.splitting import make_split, open_dataset
from foretaste.training.batches import SequenceBatches
from foretaste.training.processes import Processes
from foretaste.training.update import Update
from machine import ROOT, heading, load, table
from parts import data_folder

RESULT = ROOT / "benchmarks" / "results" / "towers.txt"
NOTES = (
    "share: speed of the three against this one, alone; wanted at least .4 of the speed of one tower.",
    "The id expert has no text to project, so it is the cheapest of the three; mean is the mean of the three alone.",
)


class Steps:
    """A network and its updates.

    Args:
        model: The network, with its loss.
        config: How it is trained.
    """

    def __init__(self, model: SequenceRecommender, config: PADRecipeConfig) -> None:
        self.update, self.rate = Update(model.train(), config.train, Processes("cpu")), config.train.lr
        self.seconds: list[float] = []

    def take(self, batch: SequenceBatch) -> None:
        """One update, timed."""
        began = time.perf_counter()
        self.update(batch, self.rate)
        self.seconds.append(time.perf_counter() - began)


def networks(data: Path, config: PADRecipeConfig) -> tuple[dict[str, Steps], SequenceBatches]:
    """Each expert alone, all together, and what they are trained on."""
    found = open_dataset(data)
    split = make_split(found, config.split)
    text = torch.randn(found.num_items, config.spread_dims)
    loss = catalogue_loss(config, split.train, found.num_items)
    bins = torch.from_numpy(frequency_bins(split.train.counts(found.num_items), config.bins))
    made = {name: expert(config, name, text, loss) for name in EXPERTS}
    made["all three"] = together(config, [expert(config, name, text) for name in EXPERTS], bins, loss)
    batches = SequenceBatches(
        split.train, max_len=made["id"].max_len, tokens=config.train.batch_tokens, seed=config.seed
    )
    return {name: Steps(model, config) for name, model in made.items()}, batches


def rows(found: dict[str, Steps], warm: int) -> list[list[str]]:
    """The table's cells."""
    middle = {name: statistics.median(steps.seconds[warm:]) for name, steps in found.items()}
    whole = middle["all three"]
    alone = {name: middle[name] for name in EXPERTS}
    shown = {**alone, "mean": statistics.mean(alone.values()), "all three": whole}
    return [
        ["expert", "ms a step", "share"],
        *([name, f"{1000 * one:.1f}", f"{one / whole:.3f}"] for name, one in shown.items()),
    ]


def main() -> None:
    """Takes the steps and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the data set; default: amazon_prime_pantry of FORETASTE_DATA")
    parser.add_argument("--steps", type=int, default=60, help="of each network")
    parser.add_argument("--warm", type=int, default=10, help="steps before them, which do not count")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    before, data = load(), data_folder(asked.data, "amazon_prime_pantry")
    torch.set_num_threads(asked.threads)
    torch.manual_seed(0)
    config = PADRecipeConfig()
    found, batches = networks(data, config)
    blocks = batches.epoch(0)
    for number in range(asked.warm + asked.steps):
        batch = batches.batch(blocks[number % len(blocks)])
        for steps in found.values():
            steps.take(batch)
    protocol = (
        f"PAD's defaults (SASRec towers, d={config.dim}, {config.train.batch_tokens} places, full softmax), "
        f"{asked.threads} threads; median of {asked.steps} steps of each network, taken in turn"
    )
    lines = [*heading(f"A step of PAD on {data.name}", protocol, before), *table(rows(found, asked.warm)), "", *NOTES]
    asked.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(asked.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
