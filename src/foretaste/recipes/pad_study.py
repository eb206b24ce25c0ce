"""PAD's studies of a run, as a stage of its own: what the alignment kept, and what the gate learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.files import read_json, write_json
from foretaste.core.progress import say
from foretaste.data.frequency import frequency_bins
from foretaste.data.split import Split
from foretaste.evaluation.forgetting import agreement, study_pairs
from foretaste.models.pad import GatedRecommender
from foretaste.models.pad_alignment import AlignConfig, discrepancy
from foretaste.models.pad_config import PADConfig
from foretaste.models.pad_experts import AlignedItems
from foretaste.models.sequence import SequenceRecommender

STAGE, FORGETTING, GATES = "study", "forgetting.json", "gates.json"
COMPARED = 1024
"""Items over which the discrepancy is measured before and after: the most frequent ones."""


@torch.no_grad()
def measured_discrepancy(config: AlignConfig, items: AlignedItems, split: Split) -> float:
    """The discrepancy of text and free vectors, over the most frequent items of the training part."""
    counts = torch.from_numpy(split.train.counts(items.num_items))
    order = counts.argsort(descending=True, stable=True)[: min(COMPARED, int((counts > 0).sum()))]
    was = items.training
    items.eval()
    order = order.to(items.ids.weight.device)
    found = discrepancy(config, items.text(order), items.ids(order))
    items.train(was)
    return float(found)


class Study:
    """Spaces of item vectors, noted along the way, and what is made of them at the end.

    Args:
        split: Its validation targets are what distances are measured on.
        num_items: Size of the catalogue.
        bins: Frequency bins.

    Attributes:
        discrepancy: The kernel's name, and its value before and after the alignment; None where none was made.
    """

    def __init__(self, split: Split, num_items: int, bins: int) -> None:
        self.split = split
        self.bins = frequency_bins(split.train.counts(num_items), bins)
        self.spaces: dict[str, NDArray[np.float32]] = {}
        self.discrepancy: dict[str, Any] | None = None

    def note(self, name: str, table: Tensor) -> None:
        """Keeps a space of item vectors ``(V, d)`` as it stands."""
        self.spaces[name] = table.detach().cpu().float().clone().numpy()

    def write(self, run: Run, network: SequenceRecommender, config: PADConfig) -> dict[str, Any]:
        """Writes ``forgetting.json`` and ``gates.json`` as the stage ``study``; what there is nothing of is left out.

        Kendall's tau compares each space with that of the id expert before the alignment.
        """

        def make(folder: Path) -> dict[str, Any]:
            made: dict[str, Any] = {}
            if self.discrepancy is not None:
                made[FORGETTING] = {"discrepancy": self.discrepancy, "spaces": self._taus()}
            if isinstance(network, GatedRecommender):
                made[GATES] = {"experts": config.names, "shares": network.gate.shares().tolist()}
            for name, content in made.items():
                write_json(folder / name, content)
            return made

        def read(folder: Path) -> dict[str, Any]:
            return {name: read_json(folder / name) for name in (FORGETTING, GATES) if (folder / name).is_file()}

        if self.discrepancy is None and not isinstance(network, GatedRecommender):
            return {}
        found = run.stage(STAGE, make, read, inputs={"spaces": sorted(self.spaces)})
        if FORGETTING in found:
            taus = ", ".join(f"{name} {one['tau']:.3f}" for name, one in found[FORGETTING]["spaces"].items())
            say(f"study     Kendall's tau with the vectors before the alignment: {taus}")
        return found

    def _taus(self) -> dict[str, Any]:
        pairs = study_pairs(self.split.valid, self.bins)
        first = self.spaces["id"]
        return {name: agreement(first, table, pairs) for name, table in self.spaces.items() if name != "id"}
