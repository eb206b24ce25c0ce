"""A trained model as a folder that stands alone: config, weights, catalogue, and nothing that needs pickle.

``model.json`` says what it is and how to build the network again, ``weights.safetensors`` fills it,
``items.parquet`` turns its dense ids back into raw ids and titles, ``users.parquet`` is there only when the model
knows users by id, a folder for each companion holds what else the model needs (``text``: how new items are read), and
``manifest.json`` is written last with a checksum of each of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from foretaste.core.artefact import MANIFEST, Companion
from foretaste.core.config import from_dict, to_dict
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.files import file_digest, read_json, write_atomic, write_json
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
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


def save_model(
    folder: Path,
    recipe_name: str,
    config: Any,
    model: Scorer,
    dataset: Dataset,
    split: Split,
    *,
    version: str = "",
    companions: Mapping[str, Companion] | None = None,
) -> None:
    """Writes the model's folder; what was there is replaced, and is unfinished until the new manifest is written.

    Args:
        folder: Where to write.
        recipe_name: The recipe that can build the empty network again.
        config: Its config.
        model: The trained network. An attribute ``sizes`` (name → int) adds to what ``Recipe.build`` is told, and
            ``knows_users = True`` keeps the users' ids beside it.
        dataset: What it was trained on; its catalogue travels along.
        split: Its training part gives the items' popularity.
        version: Version of the code.
        companions: What writes itself into a folder of that name beside the weights.
    """
    _clear(folder)
    sizes = {"num_items": dataset.num_items, "num_users": dataset.num_users, **getattr(model, "sizes", {})}
    tensors = _weights(recipe_name, config, model, sizes)
    write_atomic(folder / WEIGHTS, lambda part: save_file(tensors, part))
    items = _item_table(dataset, split)
    write_atomic(folder / ITEMS, items.write_parquet)
    if getattr(model, "knows_users", False):
        users = pl.DataFrame({"user_id": list(dataset.users)}, schema={"user_id": pl.String})
        write_atomic(folder / USERS, users.write_parquet)
    about = {
        "format": FORMAT,
        "recipe": recipe_name,
        "config": to_dict(config),
        "sizes": sizes,
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint},
        "protocol": split.protocol,
        "version": version,
    }
    for name, companion in (companions or {}).items():
        (folder / name).mkdir()
        companion.save(folder / name)
    _finish(folder, about)


def _clear(folder: Path) -> None:
    """An empty folder, whatever model was there before."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    (folder / USERS).unlink(missing_ok=True)
    for inner in folder.iterdir():
        if inner.is_dir():
            shutil.rmtree(inner)


def _finish(folder: Path, about: dict[str, Any]) -> None:
    """Writes what the model is, and at last the manifest with the checksums of all files."""
    write_json(folder / MODEL, about)
    inner = [str(path.relative_to(folder)) for path in sorted(folder.glob("*/**/*")) if path.is_file()]
    files = [name for name in (MODEL, WEIGHTS, ITEMS, USERS) if (folder / name).is_file()] + inner
    digests = {name: file_digest(folder / name) for name in files}
    write_json(folder / MANIFEST, {"kind": "model", "format": FORMAT, "files": digests})


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


def _weights(name: str, config: Any, model: Scorer, sizes: dict[str, int]) -> dict[str, Tensor]:
    """What the empty network of the recipe has; what only training needs (a loss, a sampler) stays behind."""
    state = model.state_dict()
    wanted = _build(recipe(name).build, config, sizes).state_dict()
    wrong = [key for key, empty in wanted.items() if key not in state or state[key].shape != empty.shape]
    if wrong:
        raise TypeError(f"the recipe {name!r} builds a network that the trained one does not fill: {', '.join(wrong)}")
    return {key: state[key].detach().cpu().contiguous().clone() for key in wanted}


def _build(build: Any, config: Any, sizes: dict[str, int]) -> Scorer:
    """An empty network; the random state of the caller stays as it was."""
    with torch.random.fork_rng(devices=[]):
        model: Scorer = build(config, dict(sizes))
    return model


def _filled(build: Any, config: Any, sizes: dict[str, int], file: Path) -> Scorer:
    model = _build(build, config, sizes)
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


def _item_table(dataset: Dataset, split: Split) -> pl.DataFrame:
    """``item_id``, ``title``, ``popularity`` in training, then the catalogue's other columns."""
    table = dataset.catalogue.with_columns(
        pl.Series("title", dataset.titles(), dtype=pl.String),
    )
    if "popularity" in table.columns:
        table = table.rename({"popularity": "popularity_attribute"})
    table = table.with_columns(pl.Series("popularity", split.train.counts(dataset.num_items), dtype=pl.Int64))
    first = ["item_id", "title", "popularity"]
    return table.select(*first, *(name for name in table.columns if name not in first))


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
