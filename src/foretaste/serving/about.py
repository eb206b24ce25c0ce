"""What a service says of a model: where it comes from and how good it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foretaste.core.artefact import MANIFEST
from foretaste.core.files import file_digest, read_json
from foretaste.recipes.run_folder import METRICS
from foretaste.recipes.saved import SavedModel
from foretaste.recipes.text_reader import TEXT
from foretaste.recipes.texts import COMPANION
from foretaste.serving.bundle.verify import ABOUT, is_bundle
from foretaste.serving.portable import without_paths


@dataclass(frozen=True)
class About:
    """The unchanging facts of a model.

    Attributes:
        name: What the service calls it.
        recipe: Name of its recipe.
        version: Digest of its files: equal for equal models, and for a bundle that of its run.
        data: Name and fingerprint of the data set.
        config: The recipe's whole config; of a path in it only the last part.
        protocol: How the metrics were measured.
        metrics: Test metrics; empty when they are not to be found.
        encoder: Name, parameters and fingerprint of what reads texts, or None.
        index: What the bundle says of its index.
    """

    name: str
    recipe: str
    version: str
    data: dict[str, Any]
    config: dict[str, Any]
    protocol: Any
    metrics: dict[str, float]
    encoder: dict[str, Any] | None
    index: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON, without the index."""
        return {name: value for name, value in vars(self).items() if name != "index"}


def about_folder(
    folder: Path, saved: SavedModel, name: str | None = None, *, index: dict[str, Any] | None = None
) -> About:
    """What there is to say of the model in the folder of a run, a model or a bundle.

    Args:
        folder: The folder that was opened.
        saved: What was read from it.
        name: What the service calls it; default: the bundle's own name, or the folder's.
        index: What was measured of its index.
    """
    bundled = read_json(folder / ABOUT) if is_bundle(folder) else None
    return About(
        name=name or (bundled["name"] if bundled else folder.resolve().name),
        recipe=saved.recipe,
        version=bundled["version"] if bundled else file_digest(saved.folder / MANIFEST),
        data=saved.info["data"],
        config=without_paths(saved.info["config"]),
        protocol=saved.info["protocol"],
        metrics=_metrics(saved.folder.parent),
        encoder=_encoder(saved.folder / COMPANION / TEXT),
        index=index or {},
    )


def _metrics(run: Path) -> dict[str, float]:
    if not (run / METRICS).is_file():
        return {}
    found: dict[str, float] = read_json(run / METRICS).get("test", {}).get("metrics", {})
    return found


def _encoder(file: Path) -> dict[str, Any] | None:
    if not file.is_file():
        return None
    found: dict[str, Any] = without_paths(read_json(file)["encoder"])
    return found
