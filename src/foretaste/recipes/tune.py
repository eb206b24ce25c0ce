"""Searching a recipe's settings with Optuna, on the validation targets alone.

The test targets are taken out of the split and off the sequences before anything is trained, so no setting can be
chosen by them. Every recipe gets the same budget, of trials and of seconds; the recipe's own defaults are the first
trial. The study lives in SQLite inside the folder: the same call goes on where it was stopped, inside a trial too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import foretaste
from foretaste.core.artefact import Run, fingerprint
from foretaste.core.config import configure, flat, to_dict, to_toml, update
from foretaste.core.errors import ArtefactError, ConfigError, ForetasteError
from foretaste.core.extras import require
from foretaste.core.files import read_json, write_atomic, write_json
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split, Targets
from foretaste.data.target_sets import TargetSets
from foretaste.evaluation.evaluate import validation_metrics
from foretaste.recipes.presets import preset as find_preset
from foretaste.recipes.registry import Recipe, recipe
from foretaste.recipes.run_folder import locked
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.space import Choice, Range, check_space, read_space
from foretaste.recipes.splitting import make_split, open_dataset

TUNE, STUDY, BEST, RESULT = "tune.json", "study.db", "best.toml", "result.json"
GOAL = "ndcg@10"


@dataclass(frozen=True)
class TuneResult:
    """What a search found.

    Attributes:
        folder: Where the study lies.
        recipe: What was searched.
        best: Values of the searched keys in the best trial.
        value: Its validation NDCG@10.
        trials: Number, state, values, result and seconds of every trial.
        config_file: The best config, for `foretaste train --config`.
    """

    folder: Path
    recipe: str
    best: dict[str, Any]
    value: float
    trials: list[dict[str, Any]]
    config_file: Path


def tune_run(
    name: str,
    data: str | Path,
    out: str | Path,
    *,
    trials: int = 20,
    seconds: float | None = None,
    space_file: Path | None = None,
    overrides: Iterable[str] = (),
    preset: str | None = None,
    config_file: Path | None = None,
) -> TuneResult:
    """Searches, or goes on searching, until the budget is used up.

    Args:
        name: The recipe.
        data: Data folder.
        out: Folder of the study.
        trials: Trials in all, those of earlier calls included.
        seconds: Seconds of training in all, earlier calls included; no trial is begun beyond.
        space_file: TOML file of the space; default: what the recipe declares.
        overrides: Texts ``key=value`` that hold for every trial.
        preset: Named settings under the overrides.
        config_file: TOML settings between preset and overrides.

    Raises:
        ForetasteError: If something does not fit, or ``out`` holds another search.
    """
    if trials < 1:
        raise ConfigError(f"{trials} trials find nothing", where="--trials", allowed="1 or more")
    found = recipe(name)
    values = find_preset(name, preset).values if preset is not None else None
    base = configure(found.config, preset=values, file=config_file, overrides=overrides)
    space = read_space(space_file, base) if space_file else check_space(found.space, base, where=f"the space of {name}")
    if not space:
        raise ConfigError(
            f"the recipe {name!r} declares no space to search",
            allowed="a TOML file of ranges and values",
            mend="write one and give it with --space; the head of recipes/space.py shows the form",
        )
    dataset = open_dataset(data)
    folder = Path(out)
    with locked(folder):
        _open(folder, found, base, space, dataset)
        search = _Search(found, base, space, *without_test(dataset, make_split(dataset, base.split)), folder)
        say(f"tune      {name}: {', '.join(space)}")
        say(f"budget    {trials} trials" + (f", {seconds:g} s of training" if seconds else "") + f", chosen by {GOAL}")
        say(f"writes    {folder} (stop at any time; the same command goes on)")
        try:
            return search.go_on(trials, seconds)
        except KeyboardInterrupt:
            say("stopped; the same command goes on with the search")
            raise


def without_test(dataset: Dataset, split: Split) -> tuple[Dataset, Split]:
    """The same data and split with nothing of the test targets left in them."""
    if isinstance(split.test, TargetSets):
        known = replace(split.train, lengths=split.train.lengths + _held(split.valid, len(split.train)))
        nothing = split.test.take(np.arange(0))
        return replace(dataset, sequences=known), replace(split, test=nothing)
    lengths = dataset.sequences.lengths.copy()
    lengths[split.test.users] = split.test.places
    nobody = split.test.take(split.test.users[:0])
    return replace(dataset, sequences=dataset.sequences.first(lengths)), replace(split, test=nobody)


def _held(targets: Targets, users: int) -> NDArray[np.int64]:
    """How many targets each user has; they lie behind the training items."""
    return np.bincount(targets.users, minlength=users).astype(np.int64)


def _open(folder: Path, found: Recipe, base: Any, space: Mapping[str, Any], dataset: Dataset) -> None:
    """Writes what is searched, or refuses a folder where something else is."""
    what = {
        "recipe": found.name,
        "config": to_dict(base),
        "data": dataset.fingerprint,
        "space": {key: repr(drawn) for key, drawn in space.items()},
        "goal": GOAL,
    }
    if (folder / TUNE).is_file():
        old = read_json(folder / TUNE)
        changed = [key for key in what if old.get(key) != what[key]]
        if changed:
            raise ArtefactError(
                f"{str(folder)!r} holds a search with another {' and another '.join(changed)}",
                where=str(folder / TUNE),
                mend="give another --out, or the call that began this search",
            )
        return
    if any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise ArtefactError(
            f"{str(folder)!r} is not empty and not a search, so nothing is written there",
            where=str(folder),
            mend="give another --out",
        )
    write_json(folder / TUNE, what | {"version": foretaste.__version__})


class _Search:
    """One study: what is tried, and where it is remembered."""

    def __init__(
        self,
        found: Recipe,
        base: Any,
        space: Mapping[str, Range | Choice],
        dataset: Dataset,
        split: Split,
        folder: Path,
    ) -> None:
        self.found, self.base, self.space = found, base, space
        self.dataset, self.split, self.folder = dataset, split, folder
        self.optuna = require("optuna", extra="tune", why="searching settings")
        self.optuna.logging.set_verbosity(self.optuna.logging.WARNING)
        self.study = self._study()

    def go_on(self, trials: int, seconds: float | None) -> TuneResult:
        """Trials until the budget is used up."""
        while (done := len(self._told())) < trials:
            spent = sum(trial.user_attrs.get("seconds", 0.0) for trial in self._told())
            if seconds is not None and spent >= seconds:
                say(f"the {seconds:g} seconds are used up after {done} trials")
                break
            self._trial(done + 1, trials)
        return self._result()

    def _study(self) -> Any:
        storage = f"sqlite:///{(self.folder / STUDY).resolve()}"
        study = self.optuna.create_study(
            storage=storage, study_name=self.found.name, direction="maximize", load_if_exists=True
        )
        # A sampler of the same seed would draw the same values again when a study goes on.
        study.sampler = self.optuna.samplers.TPESampler(seed=self.base.seed + len(study.trials))
        states = self.optuna.trial.TrialState
        for cut_off in study.get_trials(deepcopy=False, states=[states.RUNNING]):
            study.tell(cut_off.number, state=states.FAIL)
            study.enqueue_trial(cut_off.params)
        if not study.trials:
            study.enqueue_trial({key: _plain(value) for key, value in self._defaults().items()})
        return study

    def _defaults(self) -> dict[str, Any]:
        """The base config's own values, where they lie in the space."""
        own = {key: value for key, value in flat(self.base).items() if key in self.space}
        return {key: value for key, value in own.items() if _within(value, self.space[key])}

    def _told(self) -> list[Any]:
        states = self.optuna.trial.TrialState
        return list(self.study.get_trials(deepcopy=False, states=[states.COMPLETE, states.PRUNED]))

    def _trial(self, number: int, trials: int) -> None:
        trial = self.study.ask()
        values = {key: self._draw(trial, key, drawn) for key, drawn in self.space.items()}
        began = time.perf_counter()
        shown = " ".join(f"{key}={_short(value)}" for key, value in values.items())
        try:
            value, seconds = self._train(update(self.base, values, where="the space"))
        except ForetasteError as error:
            trial.set_user_attr("refused", error.what)
            trial.set_user_attr("seconds", time.perf_counter() - began)
            self.study.tell(trial, state=self.optuna.trial.TrialState.PRUNED)
            say(f"trial {number}/{trials}  refused: {error.what}  {shown}")
            return
        trial.set_user_attr("seconds", seconds)
        self.study.tell(trial, value)
        left = (trials - number) * sum(t.user_attrs.get("seconds", 0.0) for t in self._told()) / number
        best = self.study.best_value
        took = f"in {seconds:.0f} s, about {left:.0f} s left"
        say(f"trial {number}/{trials}  {GOAL} {value:.4f} (best {best:.4f}) {took}  {shown}")

    def _draw(self, trial: Any, key: str, drawn: Range | Choice) -> Any:
        if not isinstance(drawn, Range):
            return trial.suggest_categorical(key, [_plain(value) for value in drawn])
        suggest = trial.suggest_int if drawn.whole else trial.suggest_float
        step = {} if drawn.step is None else {"step": drawn.step}
        return suggest(key, drawn.low, drawn.high, log=drawn.log, **step)

    def _train(self, config: Any) -> tuple[float, float]:
        """Validation NDCG@10 and seconds of one config; a config that was tried before is read."""
        folder = self.folder / "trials" / fingerprint(config)[:16]
        if (folder / RESULT).is_file():
            told = read_json(folder / RESULT)
            return told["value"], told["seconds"]
        began = time.perf_counter()
        seed_everything(config.seed)
        model = self.found.train(Run(folder, version=foretaste.__version__), self.dataset, self.split, config)
        value = validation_metrics(model, self.split.valid, config.mask_seen)[GOAL]
        seconds = time.perf_counter() - began
        write_json(folder / RESULT, {"value": value, "seconds": seconds, "config": to_dict(config)})
        for weights in folder.rglob("*.safetensors"):  # a search keeps what it learnt, not fifty models
            weights.unlink()
        return value, seconds

    def _result(self) -> TuneResult:
        told = [_row(trial) for trial in self._told()]
        measured = [row for row in told if row["value"] is not None]
        if not measured:
            raise ConfigError(
                "no trial could be trained", where=str(told[-1]["refused"]) if told else "", mend="correct the space"
            )
        best = max(measured, key=lambda row: row["value"])
        config = update(self.base, best["values"], where="the best trial")
        comment = (
            f"{self.found.name} on {self.dataset.name}: best of {len(told)} trials, validation {GOAL} "
            f"{best['value']:.4f}\nforetaste train {self.found.name} --data DIR --out RUN --config {BEST}"
        )
        write_atomic(
            self.folder / BEST, lambda part: part.write_text(to_toml(config, comment=comment), encoding="utf-8")
        )
        return TuneResult(self.folder, self.found.name, best["values"], best["value"], told, self.folder / BEST)


def _row(trial: Any) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "value": trial.value,
        "values": dict(trial.params),
        "seconds": round(trial.user_attrs.get("seconds", 0.0), 3),
        "refused": trial.user_attrs.get("refused", ""),
    }


def _plain(value: Any) -> Any:
    """Optuna's database takes plain values only; a tuple goes as the text ``a,b``, which every tuple key reads."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def _within(value: Any, drawn: Range | Choice) -> bool:
    if isinstance(drawn, Range):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and drawn.low <= value <= drawn.high
    return value in drawn


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
