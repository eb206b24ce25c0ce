"""Choosing what is added to a trained model's scores, by the validation targets and without training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from foretaste.core.artefact import Run
from foretaste.core.files import read_json, write_json
from foretaste.core.progress import say
from foretaste.data.split import Split
from foretaste.evaluation.evaluate import validation_metrics
from foretaste.models.serving_terms import ServedModel, ServingConfig, text_view
from foretaste.nn.text_items import Views
from foretaste.recipes.config import RecipeConfig

CONTENT = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
ALPHA = (1.0, 0.75, 0.5, 0.25, 0.0)
RARE = (0.25, 0.5, 0.75)
"""Quantiles of the items' popularity below which an item counts as rare."""

CHOICE = "serving.json"


def tuned_serving(run: Run, model: ServedModel, split: Split, config: RecipeConfig) -> ServingConfig:
    """The best of a small grid, first over the content weight and then over the router, as one stage of a run.

    Args:
        run: The run that owns the stage.
        model: The trained model; what it serves with is left as it was.
        split: Its validation targets are what is looked at.
        config: Whether seen items are masked.
    """

    def make(folder: Path) -> ServingConfig:
        best, tried = choose_serving(model, split, mask_seen=config.mask_seen)
        write_json(folder / CHOICE, {"chosen": asdict(best), "tried": tried})
        return best

    def read(folder: Path) -> ServingConfig:
        return ServingConfig(**read_json(folder / CHOICE)["chosen"])

    return run.stage("serving", make, read, inputs={"grid": [CONTENT, ALPHA, RARE]})


def choose_serving(
    model: ServedModel, split: Split, *, mask_seen: bool = True
) -> tuple[ServingConfig, list[dict[str, float]]]:
    """The best serving terms by validation NDCG@10, and everything that was tried."""
    before, best, top = model.serving, ServingConfig(), -1.0
    tried: list[dict[str, float]] = []
    for axis in (_content, _router):
        for candidate in axis(model, best):
            model.serve_with(candidate)
            found = validation_metrics(model, split.valid, mask_seen=mask_seen)
            tried.append({**asdict(candidate), **found})
            if found["ndcg@10"] > top:
                best, top = candidate, found["ndcg@10"]
    model.serve_with(before)
    say(f"serving   content_weight={best.content_weight:g} router_alpha={best.router_alpha:g} "
        f"router_below={best.router_below}: validation ndcg@10 {tried[0]['ndcg@10']:.4f} -> {top:.4f}")  # fmt: skip
    return best, tried


def _content(model: ServedModel, base: ServingConfig) -> Iterator[ServingConfig]:
    weights = CONTENT if text_view(model.network.items) is not None else CONTENT[:1]
    yield from (replace(base, content_weight=weight) for weight in weights)


def _router(model: ServedModel, base: ServingConfig) -> Iterator[ServingConfig]:
    if isinstance(model.network.items, Views):
        levels = np.unique(np.quantile(model.popularity.cpu().numpy(), RARE).astype(int) + 1)
        yield from (replace(base, router_alpha=a, router_below=int(b)) for a in ALPHA[1:] for b in levels)
