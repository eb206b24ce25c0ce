"""Which encoder reads the items' texts: tuned now as a stage, tuned before, or as it is; and tuning by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import foretaste
from foretaste.core.artefact import MANIFEST, Run
from foretaste.core.config import configure, option
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.files import read_json
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.recipes.run_folder import LOCK, locked
from foretaste.recipes.scft import REPORT, TRAINING, tune
from foretaste.recipes.scft_config import SCFTConfig
from foretaste.recipes.splitting import open_dataset
from foretaste.recipes.texts import TextConfig, prompt_spec
from foretaste.text.encoders.base import Encoder, count_words
from foretaste.text.encoders.huggingface import HuggingFaceEncoder
from foretaste.text.encoders.opening import open_encoder
from foretaste.text.prompts.items import item_prompts


@dataclass(frozen=True)
class TuneConfig:
    """The keys of `foretaste text tune`."""

    seed: int = option(0, "Seed of everything random.")
    text: TextConfig = field(default_factory=TextConfig, metadata={"help": "The encoder and the prompts."})
    scft: SCFTConfig = field(default_factory=SCFTConfig, metadata={"help": "How it is tuned."})


def tune_encoder(run: Run, data: Dataset, text: TextConfig, scft: SCFTConfig, seed: int) -> Encoder | None:
    """The encoder that item texts are read with: tuned now, or tuned before; None for the one that ``text`` names.

    Args:
        run: The run that owns the stage ``scft``.
        data: Its catalogue's prompts are what is learnt from; no interaction is looked at.
        text: The encoder to start from, and the prompts.
        scft: How it is tuned.
        seed: Of the views, the order and the new weights.
    """
    if not scft.enabled:
        return None
    if scft.tuned:
        return _reopen(_tuned_folder(scft.tuned), text)
    prompts = item_prompts(data.catalogue, prompt_spec(data, text))
    inputs = {"scft": scft, "encoder": _what_matters(text), "prompts": prompts, "seed": seed}

    def make(folder: Path) -> Encoder:
        merged, head = tune(folder, data, prompts, text, scft, seed, writes=run.writes)
        return read(folder) if run.writes else HuggingFaceEncoder(merged, text, head)

    def read(folder: Path) -> Encoder:
        _tell(read_json(folder / REPORT))
        return _reopen(folder, text)

    return run.stage("scft", make, read, inputs=inputs)


class _Alone(Run):
    """A run that is nothing but one stage, in the run's own folder."""

    def place(self, name: str) -> Path:
        return self.folder


def tune_alone(
    data: str | Path, out: str | Path, overrides: Iterable[str] = (), *, config_file: Path | None = None
) -> dict[str, Any]:
    """Tunes an encoder on a data set's catalogue and keeps it in a folder; goes on with it where it stopped.

    Args:
        data: Data folder.
        out: Where the encoder is written; ``scft.tuned`` and ``text.encoder`` take this folder.
        overrides: Texts ``key=value``.
        config_file: TOML settings under the overrides.

    Returns:
        The report that stands in the folder.

    Raises:
        ForetasteError: If something of it does not exist, does not fit, or ``out`` holds something else.
    """
    config = configure(TuneConfig, file=config_file, overrides=overrides)
    if config.scft.tuned or not config.scft.enabled:
        raise ConfigError("there is nothing to tune: scft.enabled=false or scft.tuned is set", mend="leave them out")
    folder, dataset = Path(out), open_dataset(data)
    if folder.is_dir() and any(f.name != LOCK for f in folder.iterdir()) and not (folder / "begun.json").is_file():
        raise ArtefactError(
            f"{str(folder)!r} is not empty and holds no tuning, so nothing is written there", mend="give another --out"
        )
    with locked(folder):
        tune_encoder(_Alone(folder, version=foretaste.__version__), dataset, config.text, config.scft, config.seed)
    report: dict[str, Any] = read_json(folder / REPORT)
    return report


def _reopen(folder: Path, text: TextConfig) -> Encoder:
    """The tuned encoder under the name of the model that it was."""
    encoder = open_encoder(replace(text, encoder=str(folder)))
    if isinstance(encoder, HuggingFaceEncoder):
        name = f"{read_json(folder / REPORT)['encoder']}+SCFT"
        encoder.language_model = replace(encoder.language_model, name=name)
    return encoder


def _what_matters(text: TextConfig) -> dict[str, Any]:
    """The keys of the encoder that the tuned weights depend on."""
    keys = ("encoder", "pooling", "max_tokens", "append_eos", "prefix")
    return {key: getattr(text, key) for key in keys}


def _tell(report: dict[str, Any]) -> None:
    before, after = report["before"], report["after"]
    name = f"{report['encoder']} ({count_words(report['parameters'])} parameters)"
    say(f"scft      {name}, {count_words(report['trained'])} of LoRA on {report['items']:,} items")
    for key, what in (("r@1", "two-view R@1"), ("cosine", "mean cosine")):
        found = f"{before[key]:.4f} before, {after[key]:.4f} after"
        say(f"scft      {what} of {report['heldout']:,} held-out items: {found}")
    speed, memory = report["steps_per_second"], report["peak_memory_mb"]
    say(f"scft      {report['steps']:,} steps, {speed:.3g} a second, peak memory {memory:,} MB")


def _tuned_folder(given: str) -> Path:
    """The folder of a tuned encoder: the one given, or the stage of a run.

    Raises:
        ConfigError: If there is none.
    """
    path = Path(given).expanduser()
    for folder in (path, path / "stages" / "scft"):
        if (folder / REPORT).is_file() and (folder / MANIFEST).is_file():
            return folder
    begun = (path / TRAINING).is_dir() or (path / "stages" / "scft").is_dir()
    raise ConfigError(
        f"scft.tuned={given} holds no tuned encoder" + (": its tuning has not ended" if begun else ""),
        allowed="a folder that `foretaste text tune` wrote, or a run whose stage scft is finished",
        mend="go on with the tuning" if begun else "check the path, or leave the key out",
    )
