"""The keys that every recipe has."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.config import option


@dataclass(frozen=True)
class RecipeConfig:
    """What is trained on, what is asked, and under which seed."""

    seed: int = option(0, "Seed of everything random: initial weights, batch order, dropout, negatives.")
    split: str = option(
        "leave-one-out",
        "How targets are held out.",
        choices=("leave-one-out", "time", "column", "ratio", "ratio-chronological"),
        paper="leave-one-out in most papers; ratio, 4:3:3 of each user's items, in AlphaRec",
    )
    mask_seen: bool = option(True, "Whether items of the history are taken out of the ranking when evaluating.")
