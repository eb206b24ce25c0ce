"""How much of the expert that learns nothing is added, chosen by the validation targets without training.

A history is encoded once, and its two parts of the scores are computed once, whatever the number of choices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.files import read_json, write_json
from foretaste.core.progress import say
from foretaste.data.split import Split, Targets
from foretaste.evaluation.blocks import Seen, evaluating
from foretaste.evaluation.metrics import ndcg
from foretaste.evaluation.ranks import ranks_of_leads
from foretaste.models.neighbour_expert import NeighbourConfig, NeighbourExpert

WEIGHTS = (0.0, 2.0, 3.0, 4.0, 6.0, 8.0)
FLOORS = (0.0, 0.5, 1.0)
PRIORS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
GRID = [WEIGHTS, FLOORS, PRIORS]
ROWS = 64
"""Targets looked at at once: their scores stay in a near cache while every choice is tried on them."""
CHOICE = "neighbours.json"


@dataclass(frozen=True)
class NeighbourRecipeConfig(NeighbourConfig):
    """What is added, and whether the validation targets say how much."""

    neighbour_decay: float = option(
        0.8, "Weight of an item of the history against the one that came after it.", low=0, high=1
    )
    tune_neighbours: bool = option(
        True, "Choose weight, floor and prior by the validation targets after training; else they are as given.",
        paper="false",
    )  # fmt: skip
    hot_bins: int = option(
        2,
        "The hottest frequency bins, which together may not lose NDCG@10 on the validation targets by that choice.",
        low=0,
    )
    cold_slack: float = option(
        0.02, "Share of the best NDCG@10 that the choice may give up for more NDCG@10 in the coldest bin.",
        low=0, high=1,
    )  # fmt: skip


def tuned_neighbours(
    run: Run, model: NeighbourExpert, split: Split, config: NeighbourRecipeConfig, *, mask_seen: bool
) -> NeighbourConfig:
    """The best of a small grid as one stage of a run; what the model serves with is left as it was."""

    def make(folder: Path) -> NeighbourConfig:
        best, tried = choose_neighbours(
            model, split, mask_seen=mask_seen, hot_bins=config.hot_bins, cold_slack=config.cold_slack
        )
        write_json(folder / CHOICE, {"chosen": asdict(best), "tried": tried})
        return best

    def read(folder: Path) -> NeighbourConfig:
        return NeighbourConfig(**read_json(folder / CHOICE)["chosen"])

    inputs = {"grid": GRID, "hot_bins": config.hot_bins, "cold_slack": config.cold_slack, "decay": model.decay}
    return run.stage("neighbours", make, read, inputs=inputs)


def choose_neighbours(
    model: NeighbourExpert, split: Split, *, mask_seen: bool = True, hot_bins: int = 2, cold_slack: float = 0.02
) -> tuple[NeighbourConfig, list[dict[str, float]]]:
    """The best choice for the validation targets, and all that was tried; the first adds nothing.

    Of the choices under which the hottest bins together lose no NDCG@10, and that give up at most ``cold_slack`` of the
    best one's, the best for targets in the coldest bin is taken.

    Args:
        model: The trained model; what it serves with is left as it was.
        split: Its validation targets are what is looked at.
        mask_seen: Whether items of a history are left out of its ranking.
        hot_bins: How many bins must not lose together.
        cold_slack: Share of NDCG@10.
    """
    choices = list(_choices())
    gains = _measured(model, split.valid, choices, mask_seen)
    bins = model.bins.cpu().numpy()[split.valid.items]
    names = ("ndcg@10", "hottest ndcg@10", "coldest ndcg@10")
    figures = np.stack([_mean(gains, of) for of in (bins >= 0, bins < hot_bins, bins == model.count - 1)], axis=1)
    chosen = _best(figures, cold_slack)
    tried = [
        {**asdict(one), **dict(zip(names, row, strict=True))}
        for one, row in zip(choices, figures.tolist(), strict=True)
    ]
    told = ", ".join(f"{key}={value:g}" for key, value in asdict(choices[chosen]).items())
    moved = ", ".join(f"{name} {figures[0, i]:.4f} -> {figures[chosen, i]:.4f}" for i, name in enumerate(names))
    say(f"beside    {told}: validation {moved}")
    return choices[chosen], tried


def _choices() -> Iterator[NeighbourConfig]:
    """Everything that is tried, the one that adds nothing first; without a weight there is no floor."""
    for weight in WEIGHTS:
        for floor in FLOORS if weight else (1.0,):
            for prior in PRIORS:
                yield NeighbourConfig(weight, floor, prior)


def _mean(gains: NDArray[np.float64], of: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean gain of each choice over some of the targets, ``(choices,)``; zero where there are none."""
    means: NDArray[np.float64] = gains[:, of].sum(1) / max(int(of.sum()), 1)
    return means


def _best(figures: NDArray[np.float64], slack: float) -> int:
    """Which choice is taken.

    Args:
        figures: Mean gains over all targets, over the hottest ones, which must not lose against the first choice, and
            over the coldest ones, ``(choices, 3)``.
        slack: What share of the best mean may be given up for the coldest ones.
    """
    whole, hot, cold = figures.T
    holds = hot >= hot[0]
    close = holds & (whole >= (1 - slack) * whole[holds].max())
    return int(np.where(close, cold, -1.0).argmax())


def _measured(
    model: NeighbourExpert, targets: Targets, choices: list[NeighbourConfig], mask_seen: bool
) -> NDArray[np.float64]:
    """NDCG@10 of every target under every choice, ``(choices, n)``."""
    network, places = model.network, []
    with evaluating(network):
        table, unit = network.item_vectors(), model.unit_text()
        users, likes = network.user_vectors(targets.histories, targets.users), model.likes(targets.histories)
        seen = Seen(targets.histories, model.num_items)
        wanted = torch.from_numpy(targets.items.astype(np.int64))[:, None].to(table.device)
        for start in range(0, len(targets), ROWS):
            rows = slice(start, min(start + ROWS, len(targets)))
            learnt = users[rows] @ table.T
            if mask_seen:
                learnt[seen.within(rows, table.device)] = -torch.inf
            places.append(_places(model, learnt, likes[rows] @ unit.T, wanted[rows], choices))
    found = torch.cat(places, dim=1).cpu().numpy()
    return ndcg(found.reshape(-1), 10).reshape(found.shape)


def _places(
    model: NeighbourExpert, learnt: Tensor, like: Tensor, wanted: Tensor, choices: list[NeighbourConfig]
) -> Tensor:
    """Ranks of some targets under every choice, ``(choices, b)``.

    Choices that differ in the prior alone follow each other; what they have in common is computed once.
    """
    found = torch.empty(len(choices), len(wanted), dtype=torch.float64, device=learnt.device)
    shape = model.ramps(model.bins, NeighbourConfig(0.0, 1.0, 1.0))[1].expand_as(learnt)
    prior = shape - shape.gather(1, wanted)
    base, leads, done = torch.empty_like(learnt), torch.empty_like(learnt), (-1.0, -1.0)
    for number, choice in enumerate(choices):
        if done != (choice.neighbour_weight, choice.neighbour_floor):
            done = (choice.neighbour_weight, choice.neighbour_floor)
            torch.addcmul(learnt, like, model.ramps(model.bins, choice)[0], out=base)
            base.sub_(base.gather(1, wanted).nan_to_num_(neginf=0.0))
        torch.add(base, prior, alpha=choice.neighbour_prior, out=leads)
        found[number] = ranks_of_leads(leads, wanted)
    return found
