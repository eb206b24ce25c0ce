"""The folder of one run, and what it remembers of how it was started.

``run.json`` is written before anything else and says what the run is; ``manifest.json`` is written last and says that
it is finished. In between, the same call goes on where the run stopped, and any other call is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import foretaste
from foretaste.core.artefact import MANIFEST
from foretaste.core.config import to_dict
from foretaste.core.errors import ArtefactError
from foretaste.core.files import read_json, write_json
from foretaste.core.paths import existing_folder
from foretaste.data.dataset import Dataset

RUN, METRICS, PER_USER, MODEL = "run.json", "metrics.json", "per_user.parquet", "model"
LOCK = ".lock"


@dataclass(frozen=True)
class RunRecord:
    """What a run is.

    Attributes:
        recipe: Name of the recipe.
        config: Its whole config as plain values.
        data: Absolute path, name and fingerprint of the data set.
        seed: Seed of everything random.
        version: Version of the code that began it.
        begun: When, ISO 8601, UTC.
    """

    recipe: str
    config: dict[str, Any]
    data: dict[str, str]
    seed: int
    version: str
    begun: str

    @classmethod
    def of(cls, recipe: str, config: Any, dataset: Dataset) -> RunRecord:
        """The record of a run that begins now."""
        data = {
            "path": str(dataset.folder.resolve()),
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
        }
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(recipe, to_dict(config), data, int(config.seed), foretaste.__version__, now)


def read_record(folder: str | Path) -> RunRecord:
    """How the run in that folder was started.

    Raises:
        ArtefactError: If there is no such folder, or no run in it.
    """
    path = existing_folder(folder, "run", allowed="the folder of a run", error=ArtefactError)
    if not (path / RUN).is_file():
        raise ArtefactError(
            f"{str(path)!r} is not the folder of a run: it holds no {RUN}",
            where=str(path),
            allowed="a folder that `foretaste train … --out FOLDER` wrote",
            mend="start one with `foretaste train NAME --data DIR --out FOLDER`",
        )
    try:
        return RunRecord(**read_json(path / RUN))
    except (ValueError, TypeError) as error:
        raise ArtefactError(
            f"{RUN} is damaged: {error}", where=str(path / RUN), mend="train into another --out"
        ) from error


def is_finished(folder: Path) -> bool:
    """Whether the run's last file is there."""
    return (folder / MANIFEST).is_file() and (folder / RUN).is_file()


def open_run(folder: Path, record: RunRecord) -> RunRecord:
    """Begins the run in ``folder``, or finds that it is the one begun there before.

    Returns:
        The record that the folder holds; its ``begun`` is that of the first attempt.

    Raises:
        ArtefactError: If the folder holds another run, or something that is no run at all.
    """
    if (folder / RUN).is_file():
        old = read_record(folder)
        _refuse_other(folder, old, record)
        return old
    if folder.is_dir() and any(entry.name != LOCK for entry in folder.iterdir()):
        raise ArtefactError(
            f"{str(folder)!r} is not empty and not a run, so nothing is written there",
            where=str(folder),
            allowed="a new or empty folder, or one of the same run",
            mend="give another --out",
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / RUN, asdict(record))
    return record


def _refuse_other(folder: Path, old: RunRecord, new: RunRecord) -> None:
    differences = []
    if old.recipe != new.recipe:
        differences.append(f"recipe {old.recipe} there, {new.recipe} now")
    else:
        there, now = _flat(old.config), _flat(new.config)
        keys = [key for key in {**there, **now} if there.get(key) != now.get(key)]
        differences += [f"{key}={there.get(key)} there, {now.get(key)} now" for key in keys]
    if old.data["fingerprint"] != new.data["fingerprint"]:
        differences.append(f"data {old.data['path']} there, {new.data['path']} now, with other content")
    if differences:
        raise ArtefactError(
            f"{str(folder)!r} holds a run that was started with something else",
            where="; ".join(differences),
            allowed="the recipe, config and data that the run was started with",
            mend="give another --out, or go on with the old run: foretaste train --resume " + str(folder),
        )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in values.items():
        out |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return out


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps a second process from writing into the same run; the lock falls with the process that holds it."""
    try:
        import fcntl
    except ImportError:  # Windows has no flock; the run then goes unguarded
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise ArtefactError(
            f"another process is working on the run {str(folder)!r}",
            where=str(folder),
            mend="wait for it, or give another --out",
        ) from error
    try:
        yield
    finally:
        os.close(handle)
