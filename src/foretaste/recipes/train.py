"""One run, from a name and a data set to a saved model and its measured quality.

run.json       what the run is, written first
stages/        the recipe's stages, each resumed where it stopped
model/         the trained model, which stands alone
metrics.json   test and validation metrics; per_user.parquet has the rank of every test target
manifest.json  written last: the run is finished
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import foretaste
from foretaste.core.artefact import MANIFEST, Run
from foretaste.core.config import configure, from_dict
from foretaste.core.files import file_digest, read_json, write_atomic, write_json
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.recipes.announcing import announce, versions
from foretaste.recipes.attempts import begin_attempt
from foretaste.recipes.measuring import Part, dataset_of, measure
from foretaste.recipes.presets import preset as find_preset
from foretaste.recipes.registry import Recipe, recipe
from foretaste.recipes.run_folder import (
    METRICS,
    MODEL,
    PER_USER,
    RunRecord,
    is_finished,
    locked,
    open_run,
    read_record,
)
from foretaste.recipes.saved import load_model
from foretaste.recipes.saving import save_model
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.splitting import make_split, open_dataset
from foretaste.training.memory import peak_memory_mb

PARTS: tuple[Part, ...] = ("valid", "test")


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Attributes:
        folder: Where it lies.
        recipe: What was trained.
        test: Metrics on the test targets, as `evaluate --json` prints them; empty in a process that only helped.
        valid: The same on the validation targets.
        seconds: What training took, all attempts together, and evaluation.
        finished_before: Whether the run was there already and nothing was done.
    """

    folder: Path
    recipe: str
    test: dict[str, Any]
    valid: dict[str, Any]
    seconds: dict[str, float]
    finished_before: bool = False


def train_run(
    name: str,
    data: str | Path,
    out: str | Path,
    overrides: Iterable[str] = (),
    *,
    preset: str | None = None,
    config_file: Path | None = None,
) -> RunResult:
    """Trains a recipe, or goes on with the same run where it stopped.

    Args:
        name: The recipe.
        data: Data folder.
        out: Folder of the run. The same call goes on with an unfinished run and leaves a finished one as it is.
        overrides: Texts ``key=value``.
        preset: Named settings under the overrides.
        config_file: TOML settings between preset and overrides.

    Raises:
        ForetasteError: If something of it does not exist, does not fit, or ``out`` holds another run.
    """
    found = recipe(name)
    values = find_preset(name, preset).values if preset is not None else None
    config = configure(found.config, preset=values, file=config_file, overrides=overrides)
    return _conduct(found, config, open_dataset(data), Path(out))


def resume_run(folder: str | Path, data: str | Path | None = None) -> RunResult:
    """Goes on with a run from what its folder remembers.

    Args:
        folder: The run.
        data: Where its data set lies now, when it was moved.
    """
    record = read_record(folder)
    found = recipe(record.recipe)
    config = from_dict(found.config, record.config, where=str(folder))
    return _conduct(found, config, dataset_of(record, data), Path(folder))


def _conduct(found: Recipe, config: Any, dataset: Dataset, folder: Path) -> RunResult:
    if not is_main():
        return _help(found, config, dataset, folder)
    with locked(folder):
        record = open_run(folder, RunRecord.of(found.name, config, dataset))
        if is_finished(folder):
            say(f"{folder} is finished already; its metrics are shown, nothing is run again")
            return _finished(folder, record)
        split = make_split(dataset, config.split)
        announce(found, config, dataset, split, folder)
        try:
            return _run(found, config, dataset, split, folder, record)
        except KeyboardInterrupt:
            say(f"stopped; go on with: foretaste train --resume {folder}")
            raise


def _run(found: Recipe, config: Any, dataset: Dataset, split: Split, folder: Path, record: RunRecord) -> RunResult:
    attempt = begin_attempt(folder)
    seed_everything(config.seed)
    run = Run(folder, version=foretaste.__version__)
    model = found.train(run, dataset, split, config)
    taken, trained = attempt.seconds(), time.perf_counter()
    save_model(
        folder / MODEL,
        found.name,
        config,
        model,
        dataset,
        split,
        version=foretaste.__version__,
        companions=run.companions,
    )
    device = next((p.device for p in model.parameters()), None)
    saved = load_model(folder / MODEL).model.to(device)
    valid, test = (measure(saved, dataset, split, config, part=part, run=folder) for part in PARTS)
    write_atomic(folder / PER_USER, test.per_user.write_parquet)
    metrics = {"test": test.report, "valid": valid.report}
    write_json(folder / METRICS, metrics)
    seconds = {"train": round(taken, 3), "evaluate": round(time.perf_counter() - trained, 3)}
    files = {name: file_digest(folder / name) for name in (METRICS, PER_USER)}
    write_json(
        folder / MANIFEST,
        {
            "kind": "run",
            "recipe": found.name,
            "config": record.config,
            "data": {key: record.data[key] for key in ("name", "fingerprint")},
            "protocol": metrics["test"]["protocol"],
            "versions": versions(),
            "begun": record.begun,
            "seconds": seconds,
            "attempts": attempt.number,
            "peak_memory_mb": peak_memory_mb(),
            "metrics": {part: metrics[part]["metrics"] for part in metrics},
            "files": files,
        },
    )
    return RunResult(folder, found.name, metrics["test"], metrics["valid"], seconds)


def _help(found: Recipe, config: Any, dataset: Dataset, folder: Path) -> RunResult:
    """What a process does that trains beside the main one: the recipe, and nothing that is written afterwards."""
    if not is_finished(folder):
        seed_everything(config.seed)
        run = Run(folder, version=foretaste.__version__, writes=False)
        found.train(run, dataset, make_split(dataset, config.split), config)
    return RunResult(folder, found.name, {}, {}, {})


def _finished(folder: Path, record: RunRecord) -> RunResult:
    metrics, manifest = read_json(folder / METRICS), read_json(folder / MANIFEST)
    return RunResult(folder, record.recipe, metrics["test"], metrics["valid"], manifest["seconds"], True)


def is_main() -> bool:
    """Whether this process writes and speaks, among those that train together."""
    return int(os.environ.get("RANK", "0")) == 0
