"""Item vectors that one run makes and others may use again, whatever their seed, backbone or loss.

vectors.parquet   ``item_id`` and ``vector``, one row for each item
about.json        which method made them, of what, under which keys, with which language model

They lie in the stage that made them. Another run takes them over by naming that run, and refuses them when they are of
other items, were made of something else, or under keys that it asks for otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from foretaste.core.artefact import MANIFEST, Run
from foretaste.core.config import flat
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.files import file_digest, read_json, write_atomic, write_json
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset

VECTORS, ABOUT = "vectors.parquet", "about.json"


@dataclass(frozen=True)
class About:
    """What item vectors are.

    Attributes:
        method: Name of the recipe.
        made_of: Fingerprint of what was learnt from: texts, or interactions.
        keys: The keys that they depend on, dotted, plain values.
        note: The language model in words.
    """

    method: str
    made_of: str
    keys: dict[str, Any]
    note: str = ""


def write_vectors(folder: Path, data: Dataset, vectors: Tensor, about: About) -> None:
    """Writes the vectors of all items, ``(num_items, D)``, and what they are.

    Raises:
        ArtefactError: If a vector is not finite; names the item.
    """
    wrong = (~torch.isfinite(vectors).all(1)).nonzero()
    if len(wrong):
        raise ArtefactError(
            f"{len(wrong)} item vectors hold a NaN or an infinity, the first that of {data.items[int(wrong[0])]!r}",
            where=str(folder),
            mend="lower the learning rate of that stage",
        )
    rows = np.ascontiguousarray(vectors.cpu().numpy(), dtype=np.float32)
    shape = pl.Array(pl.Float32, rows.shape[1])
    table = pl.DataFrame({"item_id": list(data.items), "vector": pl.Series(rows, dtype=shape)})
    write_atomic(folder / VECTORS, table.write_parquet)
    write_json(folder / ABOUT, asdict(about))


def read_vectors(folder: Path, data: Dataset) -> Tensor:
    """The vectors in the order of the dense ids, ``(num_items, D)`` float32.

    Raises:
        ArtefactError: If an item of the catalogue has none.
    """
    table = pl.read_parquet(folder / VECTORS)
    wanted = pl.DataFrame({"item_id": list(data.items)}, schema={"item_id": pl.String})
    found = wanted.join(table, on="item_id", how="left", maintain_order="left")
    missing = found.filter(pl.col("vector").is_null())
    if missing.height:
        raise ArtefactError(
            f"{missing.height} of {found.height} items have no vector, for example {missing['item_id'][0]!r}",
            where=str(folder / VECTORS),
            allowed="vectors of the same catalogue",
            mend="make them anew: leave the key out",
        )
    return torch.from_numpy(found["vector"].to_numpy().copy())


def vector_stage(
    run: Run, stage: str, data: Dataset, make: Callable[[Path], tuple[Tensor, About]], inputs: dict[str, Any]
) -> Tensor:
    """A stage that ends in item vectors, ``(num_items, D)``."""

    def compute(folder: Path) -> Tensor:
        vectors, about = make(folder)
        if run.writes:
            write_vectors(folder, data, vectors, about)
        return vectors

    return run.stage(stage, compute, lambda folder: read_vectors(folder, data), inputs=inputs)


def taken_over(run: Run, stage: str, data: Dataset, given: str, asked: Any, about: About, *, key: str) -> Tensor:
    """The vectors of another run as a stage of this one, which then needs the other no more.

    Args:
        run: The run that owns the stage.
        stage: Name of the stage, the same in both runs.
        data: Whose items.
        given: Folder of the other run, or of its stage.
        asked: The group of keys of this run; those that differ from their defaults must agree.
        about: What is wanted: method and ``made_of``.
        key: The key under which the folder was given, for errors.
    """

    def make(_: Path) -> tuple[Tensor, About]:
        source = _finished(Path(given).expanduser(), stage, key)
        there = About(**read_json(source / ABOUT))
        _refuse(there, about, asked, f"{key}={given}")
        say(f"vectors   {about.method}'s of {source}" + (f" ({there.note})" if there.note else ""))
        return read_vectors(source, data), there

    return vector_stage(run, stage, data, make, {"taken over": given, "made_of": about.made_of, "keys": asked})


def _finished(given: Path, stage: str, key: str) -> Path:
    """The folder of the stage, whole and undamaged."""
    for folder in (given, given / "stages" / stage):
        if (folder / MANIFEST).is_file() and (folder / ABOUT).is_file():
            digests = read_json(folder / MANIFEST)["files"]
            if all(file_digest(folder / name) == digests.get(name) for name in (VECTORS, ABOUT)):
                return folder
            raise ArtefactError(
                "the item vectors are damaged: a checksum is not the one recorded",
                where=str(folder),
                mend=f"make them again, or give another {key}",
            )
    begun = (given / "stages").is_dir()
    raise ConfigError(
        f"{key}={given} holds no finished item vectors",
        where=str(given),
        allowed=f"a run whose stage {stage!r} is finished, or the folder of that stage",
        mend="wait for that run, or go on with it" if begun else "check the path, or leave the key out",
    )


def _refuse(there: About, wanted: About, asked: Any, where: str) -> None:
    """Refuses vectors that are not what this run asks for."""
    if there.method != wanted.method:
        raise ConfigError(f"these item vectors were made by {there.method}, not by {wanted.method}", where=where)
    if there.made_of != wanted.made_of:
        raise ArtefactError(
            "these item vectors were made of other items, texts or interactions than this run's",
            where=where,
            allowed="vectors of the same data, and of the same texts or the same split",
            mend="make them anew: leave the key out",
        )
    defaults = flat(type(asked)())
    changed = {name: value for name, value in flat(asked).items() if name != "vectors" and value != defaults[name]}
    other = [name for name, value in changed.items() if there.keys.get(name) != value]
    if other:
        name = other[0]
        raise ConfigError(
            f"these item vectors were made with {name}={there.keys.get(name)}, but this run asks for {changed[name]}",
            where=where,
            mend=f"leave {name} out to take them as they are, or leave out the vectors to make new ones",
        )
