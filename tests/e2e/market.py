"""What the browser's tests stand on: models trained from the command line, bundles, and a service as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = ("--users", "800", "--items", "400")
RECIPES = {
    "sasrec": ("train.epochs=12",),
    "itemknn": (),
    "alpharec": ("train.epochs=20",),
    "textknn": (),
}
"""What is trained, and with which settings: enough to be sensible, little enough for a coffee break."""

STORED = ("alpharec", "textknn")
"""Those that share the vectors of the texts."""


@dataclass(frozen=True)
class Served:
    """A service that runs: where it is, and the folder in which its bundle lies."""

    url: str
    folder: Path


def foretaste(*arguments: str | Path) -> None:
    """The command line, which must succeed."""
    command = [sys.executable, "-m", "foretaste", *map(str, arguments)]
    subprocess.run(command, check=True, env=quiet())


def quiet() -> dict[str, str]:
    """The environment with one thread for each library: the browser wants one too."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


def prepared(folder: Path) -> Path:
    """A market and models on it, made where they are missing; a run that was stopped goes on."""
    data, runs = folder / "data", folder / "runs"
    if not (data / "items.parquet").is_file():
        foretaste("data", "simulate", "--out", data, *SIZE)
    for recipe, settings in RECIPES.items():
        if not (runs / recipe / "manifest.json").is_file():
            store = [f"text.store={folder / 'vectors'}"] if recipe in STORED else []
            foretaste("train", recipe, "--data", data, "--out", runs / recipe, *settings, *store)
    return folder


def bundle(run: Path, out: Path) -> None:
    """A bundle of a run; an older one there is replaced."""
    foretaste("export", run, "--out", out)


@contextmanager
def served(folders: Sequence[Path], home: Path, *more: str) -> Iterator[Served]:
    """A service over folders, with a database of its own."""
    command = [sys.executable, "-m", "foretaste", "serve", *map(str, folders), "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, "--events", str(home / "events.db"), *more], stdout=subprocess.PIPE, text=True, env=quiet()
    )
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told, "the service did not start; what it said is above"
        yield Served(json.loads(told)["url"], home)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
