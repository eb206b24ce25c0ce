"""One search for settings: what is tried, what comes of it, and where it is remembered."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import foretaste
from foretaste.core.artefact import Run, fingerprint
from foretaste.core.config import flat, to_dict, to_toml, update
from foretaste.core.errors import ConfigError, ForetasteError
from foretaste.core.extras import require
from foretaste.core.files import read_json, write_atomic, write_json
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.evaluation.evaluate import validation_metrics
from foretaste.recipes.registry import Recipe
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.space import Choice, Range

STUDY, BEST, RESULT = "study.db", "best.toml", "result.json"
GOAL = "ndcg@10"
OWN = "own"
"""Marks the trial of the base config itself: a key whose value lies outside the space is not drawn there but left."""


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


class Search:
    """One study in Optuna.

    Args:
        found: What is searched.
        base: Settings that hold for every trial.
        space: The keys that are drawn, and from what.
        dataset: What is trained on, without test targets.
        split: The same.
        folder: Where the study lies.
    """

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
            study.enqueue_trial(cut_off.params, user_attrs={OWN: cut_off.user_attrs.get(OWN, False)})
        if not study.trials:
            study.enqueue_trial({key: _plain(value) for key, value in self._defaults().items()}, user_attrs={OWN: True})
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
        drawn = self._defaults() if trial.user_attrs.get(OWN) else self.space
        values = {key: self._draw(trial, key, self.space[key]) for key in drawn}
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
        told = [self._row(trial) for trial in self._told()]
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

    def _row(self, trial: Any) -> dict[str, Any]:
        own = flat(self.base)
        return {
            "trial": trial.number,
            "value": trial.value,
            "values": {key: own[key] for key in self.space} | trial.params,
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
