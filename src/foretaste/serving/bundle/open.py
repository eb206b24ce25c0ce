"""Opening a run, a model or a bundle for an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from foretaste.core.errors import ArtefactError
from foretaste.core.files import read_json
from foretaste.recipes.saved import SavedModel
from foretaste.serving.bundle.verify import ABOUT, FAISS, VECTORS, is_bundle
from foretaste.serving.index.base import VectorIndex
from foretaste.serving.index.faiss_index import FaissIndex
from foretaste.serving.index.qdrant_index import open_qdrant


def bundled_index(folder: Path, saved: SavedModel) -> tuple[VectorIndex | None, dict[str, Any]]:
    """The index in a bundle, and what was measured of it; None where all items are scored.

    Args:
        folder: The bundle, verified.
        saved: Its model.
    """
    if not is_bundle(folder):
        return None, {}
    about: dict[str, Any] = read_json(folder / ABOUT)["index"]
    if about["kind"] == "exact":
        return None, about
    vectors = load_file(folder / VECTORS)["vectors"]
    if vectors.shape[0] != len(saved.items) or vectors.dtype != np.float32:
        raise ArtefactError(
            f"the index holds {len(vectors):,} items and the model {len(saved.items):,}",
            where=str(folder / VECTORS),
            mend="export the bundle again",
        )
    if about["kind"] == "qdrant":
        return open_qdrant(about, vectors.shape[1]), about
    return FaissIndex.load(folder / FAISS, vectors, about), about
