"""A run is a folder of stages; a finished stage is never computed twice, and an unfinished one is never believed.

Each stage owns a folder. Its manifest is written last and records the fingerprints of everything that went in, so a
stage is reused exactly when its manifest is there and its inputs are the same.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, TypeVar

from foretaste.core.errors import ArtefactError
from foretaste.core.files import file_digest, read_json, write_json

T = TypeVar("T")
MANIFEST = "manifest.json"


def fingerprint(value: Any) -> str:
    """A digest of plain values, dataclasses and anything that has a ``fingerprint`` of its own."""
    return sha256(json.dumps(_plain(value), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _plain(value: Any) -> Any:
    own = getattr(value, "fingerprint", None)
    if isinstance(own, str):
        return {"fingerprint": own}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"no fingerprint for a {type(value).__name__}: give a plain value or something with .fingerprint")


class Companion(Protocol):
    """Something that a model needs beside its weights, as the reader of new items' texts."""

    def save(self, folder: Path) -> None:
        """Writes itself into an empty folder."""


class Run:
    """The folder of one training run.

    Attributes:
        companions: What stages leave to be saved with the model, by the name of its folder there.

    Args:
        folder: Where everything of the run is written.
        version: Version of the code, part of every manifest.
        writes: Whether this process keeps the books; of several that train together only one does.
    """

    def __init__(self, folder: Path, *, version: str = "", writes: bool = True) -> None:
        self.folder = folder
        self.version = version
        self.writes = writes
        self.companions: dict[str, Companion] = {}
        self._done: dict[str, str] = {}

    def stage(self, name: str, make: Callable[[Path], T], read: Callable[[Path], T], *, inputs: Mapping[str, Any]) -> T:
        """Runs ``make`` in the stage's folder, or ``read`` when that was done before with the same inputs.

        Args:
            name: Name of the stage and of its folder under ``stages/``.
            make: Computes the result and writes it into the folder; resumes from what it finds there.
            read: Reads a finished folder.
            inputs: Everything that the result depends on; earlier stages' fingerprints are added.
        """
        folder = self.place(name)
        wanted = fingerprint({"inputs": dict(inputs), "before": self._done})
        self._done[name] = wanted
        if self._finished(folder, wanted):
            return read(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if not self.writes:
            return make(folder)
        self._begin(folder, wanted)
        result = make(folder)
        files = {str(p.relative_to(folder)): file_digest(p) for p in sorted(folder.rglob("*")) if p.is_file()}
        write_json(
            folder / MANIFEST,
            {"stage": name, "fingerprint": wanted, "version": self.version, "inputs": _plain(inputs), "files": files},
        )
        return result

    def place(self, name: str) -> Path:
        """The folder of a stage."""
        return self.folder / "stages" / name

    def _begin(self, folder: Path, wanted: str) -> None:
        """Marks a stage as begun; what another config left there is removed first."""
        begun = folder / "begun.json"
        if begun.is_file() and read_json(begun).get("fingerprint") != wanted:
            shutil.rmtree(folder)
            folder.mkdir(parents=True)
        write_json(begun, {"stage": folder.name, "fingerprint": wanted})

    def _finished(self, folder: Path, wanted: str) -> bool:
        manifest = folder / MANIFEST
        if not manifest.is_file():
            return False
        if read_json(manifest)["fingerprint"] == wanted:
            return True
        raise ArtefactError(
            f"the stage {folder.name!r} of this run was finished with another config, other data or another seed",
            where=str(folder),
            allowed="the config and data that the run was started with",
            mend="give another --out, or remove the run's folder",
        )
