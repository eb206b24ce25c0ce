"""Writing a trained model's folder, which ``recipes/saved.py`` reads."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from safetensors.torch import save_file
from torch import Tensor

from foretaste.core.artefact import MANIFEST, Companion
from foretaste.core.config import to_dict
from foretaste.core.files import file_digest, write_atomic, write_json
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.base import Scorer
from foretaste.recipes.registry import recipe
from foretaste.recipes.saved import FORMAT, ITEMS, MODEL, USERS, WEIGHTS, empty_network


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


def _weights(name: str, config: Any, model: Scorer, sizes: dict[str, int]) -> dict[str, Tensor]:
    """What the empty network of the recipe has; what only training needs (a loss, a sampler) stays behind."""
    state = model.state_dict()
    wanted = empty_network(recipe(name).build, config, sizes).state_dict()
    wrong = [key for key, empty in wanted.items() if key not in state or state[key].shape != empty.shape]
    if wrong:
        raise TypeError(f"the recipe {name!r} builds a network that the trained one does not fill: {', '.join(wrong)}")
    return {key: state[key].detach().cpu().contiguous().clone() for key in wanted}


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
