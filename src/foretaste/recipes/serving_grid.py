"""The grid of serving terms, measured on validation targets without training.

A history is encoded once and its parts of the scores are computed once, whatever the number of choices that are tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import torch
from numpy.typing import NDArray

from foretaste.core.progress import say
from foretaste.data.split import Split, Targets
from foretaste.evaluation.blocks import Seen, evaluating
from foretaste.evaluation.groups import head_items
from foretaste.evaluation.metrics import ndcg
from foretaste.evaluation.ranks import ranks_of_leads
from foretaste.models.serving_terms import ROWS, ServedModel, ServingConfig
from foretaste.nn.text_items import Views

CONTENT = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 16.0)
ALPHA = (0.75, 0.5, 0.25, 0.0)
RARE = (0.25, 0.5, 0.75)
"""Quantiles of the items' popularity up to which an item counts as rare."""
DEBIAS = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Weights of debiasing."""
GRID = [CONTENT, ALPHA, RARE, DEBIAS]


def choose_serving(
    model: ServedModel, split: Split, *, mask_seen: bool = True, tail_slack: float = 0.0
) -> tuple[ServingConfig, list[dict[str, float]]]:
    """The serving terms that are best for the validation targets, and all that was tried; the first adds nothing.

    First every router is tried with every content weight, then every weight of debiasing with every content weight
    under the router of the best choice. Each is one pass: a history is encoded, and its parts of the scores are
    computed, once.

    Args:
        model: The trained model; what it serves with is left as it was.
        split: Its validation targets are what is looked at.
        mask_seen: Whether items of a history are left out of its ranking.
        tail_slack: Among the choices whose NDCG@10 is at most this share below the best one's, the best for tail items
            is taken.
    """
    tail = ~head_items(model.popularity.cpu().numpy())[split.valid.items]
    best, tried = ServingConfig(), []
    for ways in (_routers, _debiasing):
        terms, gains = _measured(model, split, list(ways(model, best)), mask_seen)
        tried += [
            {
                **asdict(one),
                "ndcg@10": float(row.mean()),
                "tail ndcg@10": float(row[tail].mean()) if tail.any() else 0.0,
            }
            for one, row in zip(terms, gains, strict=True)
        ]
        best = terms[_best(gains, tail, tail_slack)]
    told = ", ".join(f"{key}={value:g}" for key, value in asdict(best).items())
    chosen = next(one for one in reversed(tried) if asdict(best).items() <= one.items())
    gained = (f"{what} {tried[0][what]:.4f} -> {chosen[what]:.4f}" for what in ("ndcg@10", "tail ndcg@10"))
    say(f"serving   {told}: validation {', '.join(gained)}")
    return best, tried


def _measured(
    model: ServedModel, split: Split, ways: list[ServingConfig], mask_seen: bool
) -> tuple[list[ServingConfig], NDArray[np.float64]]:
    """Every way with every content weight, and what each gains on each validation target, ``(choices, n)``."""
    weights = CONTENT if model.text is not None else CONTENT[:1]
    with evaluating(model):
        places = np.concatenate(list(_places(model, split.valid, ways, weights, mask_seen)), axis=2)
    terms = [replace(way, content_weight=weight) for way in ways for weight in weights]
    return terms, ndcg(places.reshape(len(terms), -1), 10)


def _best(gains: NDArray[np.float64], tail: NDArray[np.bool_], slack: float) -> int:
    """The choice with the largest mean, or the best one for the tail among those that are nearly as good.

    Args:
        gains: What each choice gains on each target, ``(choices, n)``.
        tail: Which targets are tail items, ``(n,)``.
        slack: What share of the best mean may be given up.
    """
    whole = gains.mean(1)
    if not slack or not tail.any():
        return int(whole.argmax())
    return int(np.where(whole >= (1 - slack) * whole.max(), gains[:, tail].mean(1), -1.0).argmax())


def _routers(model: ServedModel, base: ServingConfig) -> Iterator[ServingConfig]:
    """Factors and thresholds that are tried; the first changes nothing."""
    yield base
    if isinstance(model.network.items, Views):
        levels = np.unique(np.quantile(model.popularity.cpu().numpy(), RARE).astype(int) + 1)
        for alpha in ALPHA:
            yield from (replace(base, router_alpha=alpha, router_below=int(level)) for level in levels)


def _debiasing(model: ServedModel, base: ServingConfig) -> Iterator[ServingConfig]:
    """Weights of debiasing that are tried; the first changes nothing."""
    yield base
    if model.text is not None:
        yield from (replace(base, debias=weight) for weight in DEBIAS)


def _places(
    model: ServedModel,
    targets: Targets,
    ways: list[ServingConfig],
    weights: tuple[float, ...],
    mask_seen: bool,
) -> Iterator[NDArray[np.float64]]:
    """Ranks under every way and content weight, ``(ways, weights, b)`` for blocks of targets."""
    network, counts, logs = model.network, model.popularity, model.log_popularity
    width = network.items.views[0].dim if isinstance(network.items, Views) else 0
    table, users = network.item_vectors(), model.user_vectors(targets.histories, targets.users)
    seen = Seen(targets.histories, model.num_items)
    wanted = torch.from_numpy(targets.items.astype(np.int64))[:, None].to(table.device)
    for start in range(0, len(targets), ROWS):
        rows = slice(start, min(start + ROWS, len(targets)))
        free, text = users[rows, :width] @ table[:, :width].T, users[rows, width:] @ table[:, width:].T
        content = model.content(targets.histories.take(np.arange(rows.start, rows.stop))) if len(weights) > 1 else text
        hidden = seen.within(rows, table.device) if mask_seen else None
        content = content - content.gather(1, wanted[rows])
        found = torch.empty(len(ways), len(weights), len(text), dtype=torch.float64)
        ahead = torch.empty_like(text)
        for i, way in enumerate(ways):
            base = text + torch.where(counts < way.router_below, way.router_alpha, 1.0) * free
            base -= way.debias * logs
            base -= base.gather(1, wanted[rows])
            if hidden is not None:
                base[hidden] = -torch.inf
            for j, weight in enumerate(weights):
                found[i, j] = ranks_of_leads(torch.add(base, content, alpha=weight, out=ahead), wanted[rows])
        yield found.numpy()
