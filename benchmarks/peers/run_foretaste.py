"""Foretaste's SASRec in the same race, through its own training loop; run it with the python of Foretaste.

Keys of the recipe may follow as ``key=value``. Everything between two evaluations is on the clock: start vectors,
batches, updates, checkpoints. What is measured is the shared evaluator's NDCG, as for everybody.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from race import Race, arguments, evaluating, prepare, time_evaluation

from foretaste.core.config import configure, flat
from foretaste.data.dataset import Dataset
from foretaste.data.sequences import Sequences
from foretaste.data.split import leave_one_out
from foretaste.evaluation.evaluate import validation_metrics
from foretaste.evaluation.metrics import mean_metrics
from foretaste.evaluation.ranks import ranks
from foretaste.models.base import Retriever
from foretaste.models.losses import catalogue_loss
from foretaste.models.sasrec import sasrec
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.lines import whole_lines
from foretaste.recipes.presets import preset
from foretaste.recipes.sasrec import SASRecRecipeConfig
from foretaste.recipes.sequence import id_table
from foretaste.training.batches import SequenceBatches
from foretaste.training.loop import fit

FAST = "fast"
"""The recipe's preset for a short way to a good model. Its dropout is 0.2, as the peers have it here."""


class Fixed(Retriever):
    """Vectors that are already there: what remains of an evaluation is the ranking itself."""

    def __init__(self, users: torch.Tensor, items: torch.Tensor) -> None:
        super().__init__()
        self.num_items, self._users, self._items = len(items), users, items

    def item_vectors(self) -> torch.Tensor:
        return self._items

    def user_vectors(self, histories: Sequences, users: object = None) -> torch.Tensor:
        return self._users[: len(histories)]


class Pieces:
    """Batches whose epochs are cut in pieces, so that the loop validates as often as the peers are checked."""

    def __init__(self, batches: SequenceBatches, pieces: int) -> None:
        self.batches, self.pieces = batches, pieces

    def epoch(self, number: int) -> list[np.ndarray]:
        whole, piece = divmod(number, self.pieces)
        blocks = self.batches.epoch(whole)
        cuts = np.linspace(0, len(blocks), self.pieces + 1).astype(int)
        return blocks[cuts[piece] : cuts[piece + 1]]

    def batch(self, block: np.ndarray) -> SequenceBatch:
        return self.batches.batch(block)


def bare_products(users: torch.Tensor, items: torch.Tensor, block: int = 256) -> float:
    """Seconds for the blocked products alone, into one buffer whose rows begin at whole cache lines."""
    out = torch.empty(block, whole_lines(len(items)))[:, : len(items)]
    table = items.T
    start = time.perf_counter()
    for part in torch.split(users, block):
        torch.mm(part, table, out=out[: len(part)])
    return time.perf_counter() - start


def main() -> None:
    """Trains until the target is reached, or times the evaluation."""
    parser = arguments("Foretaste")
    parser.add_argument("keys", nargs="*", help="keys of the recipe, key=value")
    options = parser.parse_args()
    log = prepare(options)
    limits = (f"train.stop_at={options.target}", "train.epochs=1000", "train.patience=1000", f"seed={options.seed}")
    fast = preset("sasrec", FAST).values
    config = configure(SASRecRecipeConfig, preset=fast, overrides=[*options.keys, *limits])
    race = Race("Foretaste", "foretaste", options, log, flat(config))
    data = Dataset.load(options.data)
    if options.users:
        data = replace(data, sequences=data.sequences.take(np.arange(options.users)))
    split = leave_one_out(data.sequences)
    race.start()
    torch.manual_seed(config.seed)
    items = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std)
    model = sasrec(config, data.num_items, catalogue_loss(config, split.train, data.num_items), items)

    def vectors() -> tuple[torch.Tensor, torch.Tensor, None]:
        with evaluating(model):
            return model.user_vectors(split.valid.histories).clone(), model.item_vectors().clone(), None

    if options.task == "evaluate":
        users, items, _ = vectors()
        fixed = Fixed(users, items)

        def ranking() -> float:
            start = time.perf_counter()
            mean_metrics(ranks(fixed, split.valid, mask_seen=True), (10,), ("ndcg", "hr"))
            return time.perf_counter() - start

        bare, ranked = zip(*((bare_products(users, items), ranking()) for _ in range(7)), strict=True)
        extra = {"bare_seconds": round(min(bare), 4), "ranking_seconds": round(min(ranked), 4)}
        time_evaluation(
            "Foretaste", "foretaste", options, log, lambda: validation_metrics(model, split.valid), vectors, extra
        )
        return

    batches = SequenceBatches(
        split.train,
        max_len=config.max_len,
        tokens=config.train.batch_tokens,
        seed=config.seed,
        recent_only=config.recent_only,
    )

    def validate() -> dict[str, float]:
        race.step(batches.targets // options.checks, vectors)
        return {"ndcg@10": 1.0 if race.done else race.result["curve"][-1]["valid_ndcg@10"]}

    with tempfile.TemporaryDirectory() as folder:
        fit(
            model,
            Pieces(batches, options.checks),
            config.train,
            folder=Path(folder),
            validate=validate,
            seed=config.seed,
        )


if __name__ == "__main__":
    main()
