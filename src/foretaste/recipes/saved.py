"""A trained model read from its folder, which stands alone: config, weights, catalogue, nothing that needs pickle.

``model.json`` says what it is and how to build the network again, ``weights.safetensors`` fills it,
``items.parquet`` turns its dense ids back into raw ids and titles, ``users.parquet`` is there only when the model
knows users by id, a folder for each companion holds what else the model needs (``text``: how new items are read), and
``manifest.json`` is written last with a checksum of each of them. ``recipes/saving.py`` writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from foretaste.core.artefact import MANIFEST
from foretaste.core.config import from_dict
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.files import file_digest, read_json
from foretaste.data.vocabulary import Vocabulary
from foretaste.models.base import Scorer
from foretaste.recipes.registry import recipe

FORMAT = 1
MODEL, WEIGHTS, ITEMS, USERS = "model.json", "weights.safetensors", "items.parquet", "users.parquet"


@dataclass(frozen=True)
class SavedModel:
    """A model read back.

    Attributes:
        recipe: Name of its recipe.
        config: Its config.
        model: The network, in evaluation mode and prepared for scoring.
        items: Raw item ids by dense id.
        titles: A name to show for each item.
        popularity: Interactions of each item in the training part.
        catalogue: The item table as saved, in the order of the dense ids.
        users: Raw user ids by dense id, or None when the model knows no users.
        info: The rest of ``model.json``: sizes, data fingerprint, protocol.
        folder: Where it was read from.
        texts: Text vectors of the items as the network reads them, ``(V, D)``, once they were needed and where the
            network itself does not hold them.
    """

    recipe: str
    config: Any
    model: Scorer
    items: Vocabulary
    titles: list[str]
    popularity: NDArray[np.int64]
    catalogue: pl.DataFrame
    users: Vocabulary | None
    info: dict[str, Any]
    folder: Path
    texts: Tensor | None = None


def load_model(folder: str | Path) -> SavedModel:
    """Reads a model's folder.

    Raises:
        ArtefactError: If the folder is no model, unfinished, damaged, or written by a newer version.
    """
    path = Path(folder)
    _check(path)
    about = read_json(path / MODEL)
    found = recipe(about["recipe"])
    try:
        config = from_dict(found.config, about["config"], where=str(path / MODEL))
    except ConfigError as error:
        raise ArtefactError(
            f"the config of this model does not fit the recipe {found.name!r} any more: {error.what}",
            where=str(path / MODEL),
            mend="load it with the version that wrote it: " + (about.get("version") or "unknown"),
        ) from error
    items = pl.read_parquet(path / ITEMS)
    model = _filled(found.build, config, about["sizes"], path / WEIGHTS)
    users = Vocabulary(pl.read_parquet(path / USERS)["user_id"].to_list()) if (path / USERS).is_file() else None
    return SavedModel(
        recipe=found.name,
        config=config,
        model=model,
        items=Vocabulary(items["item_id"].to_list()),
        titles=items["title"].to_list(),
        popularity=items["popularity"].to_numpy(),
        catalogue=items,
        users=users,
        info=about,
        folder=path,
    )


def empty_network(build: Any, config: Any, sizes: dict[str, int]) -> Scorer:
    """An empty network; the random state of the caller stays as it was."""
    with torch.random.fork_rng(devices=[]):
        model: Scorer = build(config, dict(sizes))
    return model


def _filled(build: Any, config: Any, sizes: dict[str, int], file: Path) -> Scorer:
    model = empty_network(build, config, sizes)
    try:
        model.load_state_dict(load_file(file))
    except (RuntimeError, SafetensorError, OSError) as error:
        raise ArtefactError(
            f"the weights do not fit the network that the recipe builds: {str(error).splitlines()[0]}",
            where=str(file),
            mend="train again, or load it with the version that wrote it",
        ) from error
    model.eval()
    model.prepare()
    return model


def _check(path: Path) -> None:
    """Refuses whatever is not a whole model of a known format."""
    if not (path / MANIFEST).is_file():
        begun = (path / WEIGHTS).is_file() or (path / MODEL).is_file()
        raise ArtefactError(
            f"{str(path)!r} is " + ("a model whose writing was cut off" if begun else "not a model's folder"),
            where=str(path),
            allowed="the folder `model` of a finished run",
            mend="go on with `foretaste train --resume RUN`" if begun else "give the folder of a run",
        )
    manifest = _json(path / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("kind") != "model":
        raise ArtefactError(
            f"{str(path)!r} holds something else than a model",
            where=str(path / MANIFEST),
            allowed="the folder `model` of a finished run",
            mend="give the folder of a run",
        )
    if manifest.get("format") != FORMAT:
        raise ArtefactError(
            f"this model was written in format {manifest.get('format')!r}, and this version reads format {FORMAT}",
            where=str(path),
            mend="update foretaste, or train again",
        )
    for name, digest in {MODEL: "", WEIGHTS: "", ITEMS: "", **manifest["files"]}.items():
        if not (path / name).is_file() or file_digest(path / name) != digest:
            state = "is missing" if not (path / name).is_file() else "is damaged: its checksum is not the one recorded"
            raise ArtefactError(f"{name} {state}", where=str(path / name), mend="copy the folder again, or train again")


def _json(file: Path) -> Any:
    try:
        return read_json(file)
    except ValueError as error:
        raise ArtefactError(f"{file.name} is damaged: {error}", where=str(file), mend="train again") from error
