"""What a service says of a model: where it comes from and how good it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foretaste.core.artefact import MANIFEST
from foretaste.core.files import file_digest, read_json
from foretaste.recipes.saved import SavedModel
from foretaste.recipes.text_reader import TEXT
from foretaste.recipes.texts import COMPANION
from foretaste.serving.bundle.verify import ABOUT, is_bundle
from foretaste.serving.portable import without_paths
from foretaste.serving.track_record import track_record


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
        record: Figures by group and the course of the training; see ``track_record``.
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
    record: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON, without the index and the record."""
        return {name: value for name, value in vars(self).items() if name not in ("index", "record")}


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
    record = track_record(saved.folder.parent)
    return About(
        name=name or (bundled["name"] if bundled else folder.resolve().name),
        recipe=saved.recipe,
        version=bundled["version"] if bundled else file_digest(saved.folder / MANIFEST),
        data=saved.info["data"],
        config=without_paths(saved.info["config"]),
        protocol=saved.info["protocol"],
        metrics=record["test"].get("metrics", {}),
        encoder=_encoder(saved.folder / COMPANION / TEXT),
        index=index or {},
        record=record,
    )


def _encoder(file: Path) -> dict[str, Any] | None:
    if not file.is_file():
        return None
    found: dict[str, Any] = without_paths(read_json(file)["encoder"])
    return found
