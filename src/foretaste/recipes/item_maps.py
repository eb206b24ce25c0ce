"""Maps of the item vectors of finished runs, from their saved models."""

from __future__ import annotations

import numpy as np

from foretaste.core.extras import require
from foretaste.core.progress import say, track
from foretaste.evaluation.compare import Comparison
from foretaste.evaluation.embedding_map import SHOWN, EmbeddingMap, embedding_map
from foretaste.evaluation.entries import Entry
from foretaste.models.base import Retriever
from foretaste.recipes.run_folder import MODEL
from foretaste.recipes.saved import load_model


def item_maps(comparison: Comparison, *, shown: int = SHOWN, seed: int = 0) -> list[EmbeddingMap]:
    """One map for each entry whose model has item vectors, drawn from the entry's first run.

    Runs without a model, models without vectors and runs on other data than the first are left out, and named.

    Args:
        comparison: The runs.
        shown: Items of a map at the most.
        seed: Seed of the sample and of t-SNE.

    Raises:
        MissingExtra: If openTSNE is not installed.
    """
    require("openTSNE", extra="maps", why="drawing the map of item vectors")
    entries = comparison.entries
    data = entries[0].runs[0].data.get("fingerprint")
    same = [entry for entry in entries if entry.runs[0].data.get("fingerprint") == data]
    for entry in entries:
        if entry not in same:
            say(f"no map of {entry.label}: it was trained on other data")
    found = [_map(entry, shown, seed) for entry in track(same, len(same), "mapping items")]
    return [one for one in found if one is not None]


def _map(entry: Entry, shown: int, seed: int) -> EmbeddingMap | None:
    folder = entry.runs[0].folder / MODEL
    if not folder.is_dir():
        say(f"no map of {entry.label}: the run has no model")
        return None
    saved = load_model(folder)
    if not isinstance(saved.model, Retriever):
        say(f"no map of {entry.label}: its model has no item vectors")
        return None
    vectors = saved.model.item_vectors().float().cpu().numpy()
    if not np.isfinite(vectors).all():
        say(f"no map of {entry.label}: its item vectors are not all finite")
        return None
    return embedding_map(entry.label, vectors, saved.popularity, shown=shown, seed=seed)
